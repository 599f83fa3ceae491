"""Manners towards the terminal: is it remote, can it take more, and how it is left."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from typing import Any, TextIO

_RESTORE = b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h"
_PATIENCE = 3.0


def over_ssh(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is at the far end of an SSH session."""
    return bool(environ.get("SSH_CONNECTION"))


def ascii_locale(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale names a charset that is not UTF-8, such as LANG=C. Where nothing is said
    the terminal is taken for one of today."""
    # Python itself sets this where it finds the locale C
    ctype = environ.get("LC_CTYPE", "")
    told = environ.get("LC_ALL") or (ctype if ctype != "C.UTF-8" else "") or environ.get("LANG")
    return bool(told) and "utf" not in str(told).lower()


def writable(stream: TextIO | None) -> bool:
    """Whether the terminal takes bytes now, so that a frame would not wait for it."""
    if stream is None:
        return True
    try:
        return bool(select.select([], [stream.fileno()], [], 0)[1])
    except (OSError, ValueError):
        return True


def hung_up(stream: TextIO | None) -> bool:
    """Whether the terminal is gone. Not every process gets a signal then."""
    if stream is None:
        return False
    try:
        asked = select.poll()
        asked.register(stream.fileno(), 0)
        return bool(asked.poll(0))
    except (OSError, ValueError):
        return False


def has_job_control() -> bool:
    """Whether a shell of this session would see this process stopped, and could go on with it:
    some ancestor in its process group has its own parent in another group of the same session."""
    pid, group, session = os.getpid(), os.getpgrp(), os.getsid(0)
    try:
        while os.getpgid(pid) == group:
            pid = _parent(pid)
            if os.getsid(pid) != session:
                return False
    except (OSError, ValueError):
        return False
    return True


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def let_go() -> None:
    """What a terminal that hung up has not taken goes nowhere: the interpreter would try again
    at its end, and exit with a code of its own."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def end_on_signals(leave: Callable[[int], None]) -> Callable[[], None]:
    """Has SIGHUP and SIGTERM call `leave(128 + signal)`; returns what undoes that.

    Where the screen does not end within three seconds (its event loop is held by a terminal
    that nobody reads), the terminal is restored as far as it can be and the process ends.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    saved = _attributes()
    before = {}

    def handle(number: int, _frame: Any) -> None:
        end_soon(128 + number, saved)
        leave(128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        before[number] = signal.signal(number, handle)

    def undo() -> None:
        # a timer that runs goes on: leaving a dead terminal can still block after the last screen
        for number, handler in before.items():
            signal.signal(number, handler)

    return undo


def end_soon(code: int, saved: list[Any] | None = None) -> None:
    """Ends the process in three seconds where it has not ended by then: leaving a terminal that
    is gone, or that nobody reads, can block. `saved` are attributes to be given back to it."""
    last = threading.Timer(_PATIENCE, _leave_hard, (code, saved))
    last.daemon = True
    last.start()


def _attributes() -> list[Any] | None:
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ else None
    except (OSError, ValueError, termios.error):
        return None


def _leave_hard(code: int, saved: list[Any] | None) -> None:
    with contextlib.suppress(Exception):
        os.set_blocking(2, False)
        os.write(2, _RESTORE)
        os.set_blocking(2, True)
    with contextlib.suppress(Exception):
        if saved is not None:
            termios.tcsetattr(0, termios.TCSANOW, saved)
    os._exit(code)
