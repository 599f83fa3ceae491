"""Ports on loopback: kept from start to start, chosen anew when somebody else has taken one."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from pathlib import Path

import psutil

from stack.errors import StackError
from stack.paths import private_dir, write_private

CHOICE = range(20000, 32000)
"""Below the range from which the kernel takes ports for outgoing connections."""


class Ports:
    """The ports of one state folder by key, such as `kafka` or `consumer.redis`."""

    def __init__(self, state: Path) -> None:
        self.file = state / "ports.json"

    def known(self) -> dict[str, int]:
        """All ports that were given out. A damaged file counts as none."""
        try:
            data = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(data, dict):
            return {}
        return {str(key): value for key, value in data.items() if isinstance(value, int)}

    def choose(self, key: str) -> int:
        """The port of the last time while it is free, otherwise another free one."""
        known = self.known()
        port = known.get(key)
        if port is None or not is_free(port):
            port = self._unused(set(known.values()))
            private_dir(self.file.parent)
            write_private(
                self.file, json.dumps(known | {key: port}, indent=1, sort_keys=True), lasting=False
            )
        return port

    def _unused(self, given: set[int]) -> int:
        for port in random.sample(CHOICE, 400):
            if port not in given and is_free(port):
                return port
        raise StackError(
            f"No free port was found between {CHOICE.start} and {CHOICE.stop} on 127.0.0.1.",
            "End the programs that hold them.",
        )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except (OSError, OverflowError):
            return False
    return True


def owns(pid: int, port: int) -> bool:
    """Whether that process, or a child of it, listens on the port."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return False
    return any(port in _listening(member) for member in family)


def holders(ports: set[int]) -> dict[int, psutil.Process]:
    """Who listens on these ports, as far as this user may see it."""
    found: dict[int, psutil.Process] = {}
    for connection in psutil.net_connections("tcp"):
        listening = connection.status == psutil.CONN_LISTEN and connection.laddr
        if listening and connection.pid and listening.port in ports:
            with contextlib.suppress(psutil.Error):
                found[listening.port] = psutil.Process(connection.pid)
    return found


def _listening(process: psutil.Process) -> set[int]:
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return set()
    return {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
