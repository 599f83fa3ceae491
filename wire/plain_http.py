"""HTTP clients that mostly meet no TLS: on a unix socket, or on loopback."""

from __future__ import annotations

import importlib.util
import ssl
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


def http_client(url: str, timeout: float = 5.0) -> httpx.AsyncClient:
    """A client of one server, such as Prometheus; it asks no proxy of the environment."""
    import httpx

    return httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, verify=trust(url))


def trust(url: str) -> ssl.SSLContext | bool:
    """The `verify` of an httpx client for this URL, or for a unix socket where it is empty.

    Unless it is told otherwise httpx reads the authorities of the whole world for each client, also
    for one that never meets TLS: 20 ms, and 100 on a busy machine.
    """
    _settle_sniffio()
    return url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _settle_sniffio() -> None:
    """Whether there is trio beside asyncio httpcore asks by importing `sniffio`, for every lock it
    makes, and a module that is not there is looked for in all folders each time."""
    if "sniffio" not in sys.modules and importlib.util.find_spec("sniffio") is None:
        # the import system's own way to say that a module is not there
        sys.modules["sniffio"] = None  # type: ignore[assignment]
