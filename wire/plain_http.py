"""HTTP clients that meet no TLS: on a unix socket, or on loopback."""

from __future__ import annotations

import ssl


def trust(url: str) -> ssl.SSLContext | bool:
    """The `verify` of an httpx client for this URL, or for a unix socket where it is empty.

    Unless it is told otherwise httpx reads the authorities of the whole world for each client, also
    for one that never meets TLS: 20 ms, and 100 on a busy machine.
    """
    return url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
