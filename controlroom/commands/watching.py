"""Watching a run from the command line: progress on stderr, ctrl+c asks the run to stop.

The command only watches. Whatever happens to it, the run belongs to its own runner.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Callable

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.registry import kind_of
from host.durations import rounded

LOOK = 0.2
PLAIN_EVERY = 5.0
"""Seconds between lines where the talk goes to a file or a pipe."""
TWICE = 2.0
"""Seconds in which a second ctrl+c means: do not wait."""


class Talk:
    """One line that is rewritten on a terminal; a line now and then elsewhere."""

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._last = -PLAIN_EVERY
        self._drawn = False

    def say(self, line: str) -> None:
        """Shows how it stands."""
        if self._tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()
            self._drawn = True
        elif time.monotonic() - self._last >= PLAIN_EVERY:
            self._last = time.monotonic()
            talk(line)

    def close(self) -> None:
        """The line is left as it is."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


class Interrupts:
    """ctrl+c: the first asks the run to end, a second one soon after does not wait."""

    def __init__(self, folder: RunFolder, first: str) -> None:
        self._folder = folder
        self._first = first
        self._last = -TWICE
        self.count = 0

    def strike(self) -> None:
        """One ctrl+c."""
        now = time.monotonic()
        soon = now - self._last <= TWICE
        self._last = now
        self.count += 1
        self._folder.ask_stop(cut=soon)
        talk("\nCut: not waiting any longer." if soon else f"\n{self._first}")


async def watch(
    folder: RunFolder, line: Callable[[RunView], str], stopping: str, last: bool = True
) -> bool:
    """Follows the run to its end; True when a ctrl+c asked for that end. After the `last` run a
    ctrl+c is ignored: what is left to do is to say how it ended, and that must not be hidden."""
    interrupts = Interrupts(folder, stopping)
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    loop.add_signal_handler(signal.SIGINT, interrupts.strike)
    shown = Talk()
    try:
        while (view := folder.read_view()) is not None and view.active:
            shown.say(line(view))
            await asyncio.sleep(LOOK)
    finally:
        shown.close()
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN if last else before)
    return interrupts.count > 0


def detached(run: str, args: argparse.Namespace) -> Exit:
    """What is said of a run that is left alone: its id, for whoever wanted just that."""
    if args.json:
        emit_json({"id": run})
    elif args.detach:
        emit(run)
    return Exit.OK


def headline(view: RunView) -> str:
    """How a run ended: `r-0001 finished, ended by timeout: the time was over`."""
    why = kind_of(view.kind).ended_by.get(view.bound)
    reason = f", ended by {view.bound}: {why}" if why else ""
    return f"{view.id} {view.state}{reason or f': {view.bound}' if view.bound else ''}"


def row_of(view: RunView) -> tuple[str, ...]:
    """One run in a list."""
    begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(view.started))
    lasted = rounded((view.ended or time.time()) - view.started)
    return view.id, view.kind, view.state, begun, lasted, view.bound or "-", view.title


HEAD = ("ID", "KIND", "STATE", "STARTED", "LASTED", "ENDED BY", "WHAT")
