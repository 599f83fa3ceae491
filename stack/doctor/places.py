"""Checks of what others may hold: the daemon's socket, ports, and of the terminal."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from host.doctor.check import Check
from host.errors import StackError
from host.paths import stack_socket
from host.ports import Ports, holders

CREDENTIALS = struct.Struct("3i")


def sockets(state: Path) -> Sequence[Check]:
    """Whether a daemon answers, or a dead one left its socket."""
    try:
        path = stack_socket(state)
    except StackError as error:
        return [Check("stack", False, error.message, error.fix)]
    if not path.exists():
        return [Check("stack", True, "Not up.")]
    pid = daemon_pid(path)
    if pid is not None:
        return [Check("stack", True, f"Up (pid {pid}).")]
    message = f"{path} is there but nobody answers on it: a stack was killed."
    return [Check("stack", False, message, f"Run controlroom up, or remove {path}.", False)]


def ports(state: Path) -> Sequence[Check]:
    """Whether somebody else took a port that the stack had; it would choose another."""
    known = Ports(state).known()
    if not known:
        return [Check("ports", True, "None is kept yet.")]
    family = _family(state)
    names = {port: name for name, port in known.items()}
    taken = [
        f"{names[port]}'s port {port} by {_title(process)}"
        for port, process in holders(set(names)).items()
        if process.pid not in family
    ]
    if not taken:
        return [Check("ports", True, f"{len(known)} are kept for the stack.")]
    fix = "Nothing has to be done: the next start chooses others. Or end that program."
    return [Check("ports", False, f"Taken: {'; '.join(sorted(taken))}.", fix, False)]


def terminal(given: Mapping[str, str]) -> Sequence[Check]:
    """Whether bars and braille can be shown."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    if encoding == "utf8":
        return [Check("terminal", True, f"UTF-8, TERM={given.get('TERM', 'not set')}.")]
    fix = "Set LANG=C.UTF-8."
    return [Check("terminal", False, f"Its encoding is {encoding}, not UTF-8.", fix, False)]


def daemon_pid(path: Path) -> int | None:
    """The process that listens on the socket; None when nobody does."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        except OSError:
            return None
    pid: int = CREDENTIALS.unpack(raw)[0]
    return pid


def _family(state: Path) -> set[int]:
    with suppress(StackError, psutil.Error):
        pid = daemon_pid(stack_socket(state))
        if pid is not None:
            return {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    return set()


def _title(process: psutil.Process) -> str:
    try:
        return f"{process.name()} (pid {process.pid})"
    except psutil.Error:
        return f"pid {process.pid}"
