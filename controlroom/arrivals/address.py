"""Where load may go: the doors of the producers, and no further than this machine by itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

PathName = Literal["http", "grpc", "wasm"]
ROUTES: Mapping[PathName, str] = {"http": "/input", "grpc": "/grpc", "wasm": "/wasm"}
"""Where each producer takes events, behind the ingress."""


def address(url: str, path: PathName) -> str:
    """The door of that path behind an ingress; a URL with a path of its own is used as it is."""
    parts = urlsplit(url)
    if parts.path.strip("/"):
        return url
    return f"{parts.scheme}://{parts.netloc}{ROUTES[path]}"


def wrong_with(url: str, schemes: tuple[str, ...] = ("http",), anywhere: bool = False) -> str:
    """What keeps load from being sent to that URL, as the end of a sentence; empty where nothing
    does. `anywhere`: it may leave this machine, as for the ingress of a cluster."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"{url!r} is not an address: {error}."
    if parts.scheme not in schemes or not parts.hostname:
        return f"{url!r} is not an {' or '.join(f'{one}://' for one in schemes)} address."
    if parts.username or parts.query or parts.fragment or port == 0:
        return f"{url!r} holds more than host, port and path."
    if not anywhere and not _is_loopback(parts.hostname):
        return (
            f"goes to {parts.hostname}, which is not this machine's loopback; "
            "load is sent to the local stack only."
        )
    return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
