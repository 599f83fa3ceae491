"""`controlroom demo`: the room on a recording that comes with it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from controlroom import recordings
from controlroom.cli import replay
from controlroom.commands.exits import Exit
from controlroom.recordings.playback import Playback
from controlroom.recordings.reader import Recording

DESCRIPTION = """\
Open the room on a recording of the local stack under load, with a fault and its
recovery. Needs no engine and no network, and begins again at its end."""
EXAMPLES = ("controlroom demo", "controlroom demo --speed 4")
FILE = Path(recordings.__file__).with_name("demo.crec")

CALM = 20.0
"""Seconds of the recording before anything happens; whoever looks first does not wait for it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how fast."""
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="0.25 to 64 (1)")


def main(args: argparse.Namespace) -> Exit:
    """Plays it."""
    return replay.open_room(playback(args.speed), args.settings)


def playback(speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> Playback:
    """From shortly before the load on; all of it when it begins again."""
    recording = Recording(FILE)
    start = recording.first + CALM
    return Playback(recording, speed=speed, start=start, loop=True, word="demo", clock=clock)
