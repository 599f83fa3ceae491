"""Whom the browser's door lets in. Pure: a request's own words against what was printed.

Everybody on this machine reaches loopback, and so does each page of the web that a browser here
shows. The token keeps out the first, Host and Origin the second, who could have learned nothing
of it either.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def name_of(host: str) -> str:
    """A Host header without its port; an IPv6 address without its brackets."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def is_address(name: str) -> bool:
    """Whether it is an IP address, which no DNS can bend to another place."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether only this machine reaches what listens there."""
    return name == "localhost" or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def knows_host(host: str, names: Collection[str]) -> bool:
    """Whether a page may have this door by that name: an address, localhost, or one of `names`."""
    name = name_of(host)
    return is_address(name) or name == "localhost" or name in names


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a socket is opened by a page of this door. Browsers always say an Origin."""
    return bool(host) and urlsplit(origin).netloc.lower() == host.strip().lower()


def is_right(given: object, token: str) -> bool:
    """Whether the token was shown; takes as long for any other."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())
