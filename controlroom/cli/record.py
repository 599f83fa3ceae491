"""`controlroom record`: a target's figures to a file, without a room."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import talk
from controlroom.targets.choosing import LOCAL
from host.durations import parse_duration

if TYPE_CHECKING:
    from controlroom.recordings.recorder import FileRecorder
    from controlroom.settings import Settings

DESCRIPTION = """\
Write what the room would show to a file, until ctrl+c, the time or the size;
`controlroom replay FILE` shows it. Nothing is changed."""
EXAMPLES = (
    "controlroom record -o session.crec",
    "controlroom record --for 10m --context lab-a",
)
SIZE = 256
"""MiB where nothing is said."""
LOOK = 0.2
"""Seconds between two looks whether it is full."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares where it goes, and how long and large it gets."""
    add = parser.add_argument
    add("-o", "--output", default="", metavar="FILE", help="a name with the time where not given")
    add("--for", dest="time", default="", metavar="TIME", help="such as 10m; until ctrl+c")
    add("--size", type=int, default=SIZE, metavar="MIB", help=f"most MiB of the file ({SIZE})")
    add("--keep", action="store_true", help="the last hours beside the stack, until it ends")


async def main(args: argparse.Namespace) -> Exit:
    """Records. Raises CommandError, RecordingError, TargetError, ScenarioError."""
    if args.keep:
        await _keep(args.settings)
        return Exit.OK
    if args.size < 1:
        raise CommandError(f"--size {args.size} is too small.", "Give 1 or more.")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = wanted(args.output or f"controlroom-{stamp}.crec")
    recorder = await _record(args.settings, path, _seconds(args.time), args.size << 20)
    talk(told(recorder))
    return Exit.OK if recorder.trouble is None else Exit.FAILED


def wanted(name: str) -> Path:
    """Where a recording goes. Raises CommandError where it cannot."""
    path = Path(name).expanduser().absolute()
    if path.exists():
        raise CommandError(f"{path} is there already.", "Name another file.")
    if not os.access(path.parent, os.W_OK):
        raise CommandError(f"{path.parent} cannot be written to.", "Name a file in a folder.")
    return path


def told(recorder: FileRecorder) -> str:
    """What became of a recording."""
    path, size = recorder.file.path, recorder.file.size
    how = ""
    if recorder.trouble is not None:
        how = f", up to where it failed: {recorder.trouble.strerror or recorder.trouble}"
    elif recorder.full:
        how = ", up to its size"
    if recorder.left_out:
        how += f"; {recorder.left_out} reports are left out, the disk was too slow"
    return f"Recorded {size / 1e6:.1f} MB{how}. See it: controlroom replay {path}"


async def _record(settings: Settings, path: Path, seconds: float | None, most: int) -> FileRecorder:
    from controlroom.commands.here import Here
    from controlroom.recordings.recorder import begun
    from controlroom.wiring import Room

    async with Here(settings) as here:
        scenario = await here.scenario()
        room = Room(scenario, here.target, settings, here.title)
        recorder = begun(path, room.head(time.time()), most)
        room.record(recorder)
        talk(f"Recording {here.title} to {path}; ctrl+c ends it.")
        ended = _ended()
        try:
            await room.start()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while not (ended.is_set() or recorder.over):
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(ended.wait(), LOOK)
        finally:
            await room.stop()
    return recorder


async def _keep(settings: Settings) -> None:
    """Keeps the last hours of the local stack for as long as it lives."""
    from controlroom.opening import OpenTarget
    from controlroom.recordings.kept import KEEPER, PACE, kept_dir, locked
    from controlroom.targets.choosing import targets_of
    from stack.daemon_files import DaemonFiles

    daemon = DaemonFiles(settings.state_dir).daemon()
    if daemon is None or not settings.history_hours or settings.contexts:
        return
    try:
        alone = locked(kept_dir(settings.state_dir, LOCAL), KEEPER)
    except OSError:  # there is one already
        return
    ended = _ended()
    with contextlib.suppress(ProcessLookupError):
        alive = os.pidfd_open(daemon.pid)
        asyncio.get_running_loop().add_reader(alive, ended.set)
        place = OpenTarget(settings, LOCAL, pace=PACE)
        keeping = asyncio.create_task(place.run(targets_of(settings)[0], targets_of(settings)[0]))
        stopped = asyncio.create_task(ended.wait())
        await asyncio.wait((keeping, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
    os.close(alone)


def _ended() -> asyncio.Event:
    """Set when somebody ends this process."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--for {text}: {error}", "Write 90s or 10m.") from error
