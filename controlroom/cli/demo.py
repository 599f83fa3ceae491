"""`controlroom demo`: the room on a recording that comes with it."""

from __future__ import annotations

import argparse
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how fast."""
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="0.25 to 64 (1)")


def main(args: argparse.Namespace) -> Exit:
    """Plays it."""
    demo = Playback(Recording(FILE), speed=args.speed, loop=True, word="demo")
    return replay.open_room(demo, args.settings)
