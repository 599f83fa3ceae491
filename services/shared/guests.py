"""Which hosts and origins a door knows: two settings, read once."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

ANY = "*"
_INNER = (".localhost", ".svc", ".cluster.local")
"""Ends of names that no web site can have."""


@dataclass(frozen=True, slots=True)
class Guests:
    """Who may come by, beside programs on this machine and in the cluster."""

    hosts: frozenset[str] = frozenset()
    """Names of the ingress, without a port; `*` for any."""
    origins: frozenset[str] = frozenset()
    """Origins of pages, such as `https://ui.example`; `*` for any. None by default."""

    def knows(self, host: str) -> bool:
        """Whether Host is an address, a name of this machine or of the cluster, or given."""
        name = name_of(host)
        return (
            "." not in name.rstrip(".")
            or name.endswith(_INNER)
            or name in self.hosts
            or ANY in self.hosts
            or _is_address(name)
        )

    def welcomes(self, origin: str) -> bool:
        """Whether the pages of an origin may read and write here."""
        return origin in self.origins or ANY in self.origins


def hosts_of(text: str) -> frozenset[str]:
    """The names of ALLOWED_HOSTS, separated by commas. Raises ValueError, naming a wrong one."""
    names = frozenset(each.lower() for each in _listed(text))
    for name in names:
        if "/" in name or (":" in name and not _is_address(name)):
            raise ValueError(f"{name!r} is a URL or has a port")
    return names


def origins_of(text: str) -> frozenset[str]:
    """The origins of ALLOWED_ORIGINS. Raises ValueError, naming a wrong one."""
    found = _listed(text)
    for origin in found - {ANY}:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(f"{origin!r} is no origin, such as https://ui.example")
    return found


def _listed(text: str) -> frozenset[str]:
    """Words between commas; none for the word `none`."""
    return frozenset(each.strip() for each in text.split(",")) - {"", "none"}


def name_of(host: str) -> str:
    """Host without the port; an IPv6 address without its brackets."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


@functools.lru_cache(maxsize=64)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
