"""Ports on loopback: kept from start to start, chosen again when somebody else has taken one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
from collections.abc import Collection
from itertools import takewhile
from pathlib import Path

import psutil

from host.errors import StackError
from host.paths import private_dir, write_private

_LISTENS = "0A"
"""The state of a socket that listens, in the kernel's tables."""
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
        if port is None or not _take(port):
            port = unused(set(known.values()))
            private_dir(self.file.parent)
            write_private(
                self.file, json.dumps(known | {key: port}, indent=1, sort_keys=True), lasting=False
            )
        return port


_claims: dict[int, socket.socket] = {}
"""What this process has claimed, until it ends."""


def _take(port: int) -> bool:
    """Takes a port for this process; False where somebody listens there, or is about to.

    Between the choice of a port and the listening of an engine are seconds, in which another stack
    would choose it too. A name in the abstract namespace, which reaches as far as the ports do,
    tells it; it goes with this process.
    """
    mine = _claims.get(port)
    claim = mine or socket.socket(socket.AF_UNIX)
    if mine is None:
        try:
            claim.bind(f"\0controlroom/port/{port}")
        except OSError:
            claim.close()
            return False
    if is_free(port):
        _claims[port] = claim
        return True
    claim.close()
    _claims.pop(port, None)
    return False


def unused(given: Collection[int] = ()) -> int:
    """Takes a port that is not one of these, and that nobody has or is about to have. Raises
    StackError."""
    for port in random.sample(CHOICE, min(400, len(CHOICE))):
        if port not in given and port not in _claims and _take(port):
            return port
    raise StackError(
        f"No free port was found between {CHOICE.start} and {CHOICE.stop} on 127.0.0.1.",
        "End the programs that hold them.",
    )


def let_go(port: int) -> None:
    """Others may take it, once nobody listens there."""
    claim = _claims.pop(port, None)
    if claim is not None:
        claim.close()


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
    """Whether that process, or a child of it, listens on the port.

    It is asked again and again of every engine, so only what listens is looked at: a machine has
    thousands of connections that are over, and psutil makes an object of each.
    """
    listening = _listening(pid, port)
    if not listening:
        return False
    if listening & _sockets(pid):
        return True
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return False
    return any(listening & _sockets(child.pid) for child in children)


def holders(ports: set[int]) -> dict[int, psutil.Process]:
    """Who listens on these ports, as far as this user may see it."""
    found: dict[int, psutil.Process] = {}
    for connection in psutil.net_connections("tcp"):
        listening = connection.status == psutil.CONN_LISTEN and connection.laddr
        if listening and connection.pid and listening.port in ports:
            with contextlib.suppress(psutil.Error):
                found[listening.port] = psutil.Process(connection.pid)
    return found


def _listening(pid: int, port: int) -> set[str]:
    """The sockets, as /proc names them, that listen on the port where that process runs."""
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{table}") as lines:
            next(lines, None)
            # those that listen come first (proc_net_tcp of the kernel's documentation)
            for fields in takewhile(lambda each: each[3] == _LISTENS, map(str.split, lines)):
                if int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found


def _sockets(pid: int) -> set[str]:
    """What that process holds open, as far as this user may see it."""
    found = set()
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"{folder}/{name}"))
    return found
