"""Ports for what the tests start by themselves."""

from __future__ import annotations

from host.ports import let_go, unused


def free_port() -> int:
    """A port of loopback that nobody listens on just now, and that the kernel gives to no
    connection meanwhile."""
    port = unused()
    let_go(port)
    return port
