"""`controlroom replay`: the room on what was recorded."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path

from controlroom.commands.exits import CommandError, Exit
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.kept import AFTER, BEFORE, RUN_FILE, kept_dir
from controlroom.recordings.playback import Playback
from controlroom.recordings.reader import Recording
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from controlroom.targets.choosing import LOCAL
from host.durations import parse_duration

DESCRIPTION = """\
Open the room on a recording: a file, a run by its id, or, without a name, the
last hours of the target. Keys: space holds, [ ] seek, , . step, < > speed."""
EXAMPLES = (
    "controlroom replay session.crec --speed 4",
    "controlroom replay r-0042",
    "controlroom replay --at=-30m",
)
_CLOCK = ("%H:%M:%S", "%H:%M")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what is shown, and from where on."""
    parser.add_argument("what", nargs="?", default="", metavar="FILE|RUN")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="0.25 to 64 (1)")
    parser.add_argument(
        "--at", default="", metavar="TIME", help="begin at 14:02, or at -10m from its end"
    )


def main(args: argparse.Namespace) -> Exit:
    """Opens it. Raises CommandError, RecordingError, RunError."""
    recording = found(args.what, args.settings)
    start = moment(args.at, recording) if args.at else None
    return open_room(Playback(recording, speed=args.speed, start=start), args.settings)


def found(what: str, settings: Settings) -> Recording:
    """The recording that is meant."""
    target = settings.contexts[0] if settings.contexts else LOCAL
    kept = kept_dir(settings.state_dir, target)
    if not what:
        if not kept.is_dir():
            raise RecordingError(f"Nothing was kept of {target} yet.", "Name a recording or a run.")
        return Recording(kept)
    if re.fullmatch(r"r-\d+", what) and not Path(what).exists():
        return _of_run(what, settings, kept)
    return Recording(Path(what))


def _of_run(run: str, settings: Settings, kept: Path) -> Recording:
    """What the run's folder has, else what is still kept of its time."""
    store = RunStore(settings.state_dir / "runs")
    own = store.folder(run).path / RUN_FILE
    if own.exists():
        return Recording(own)
    view = store.view(run)
    try:
        if view is None:
            raise RecordingError("", "")
        ended = time.time() if view.ended is None else view.ended
        return Recording(kept).between(view.started - BEFORE, ended + AFTER)
    except RecordingError as error:
        raise RecordingError(
            f"{run} was not recorded.",
            f"The last {settings.history_hours} h of a target are kept while its stack or a room "
            "is there; see history_hours.",
        ) from error


def moment(text: str, recording: Recording) -> float:
    """Seconds since the epoch of a time of day, or of so long before the end."""
    if text.startswith("-"):
        try:
            return recording.last - parse_duration(text[1:])
        except ValueError as error:
            raise CommandError(f"--at {text}: {error}", "Write -10m, or 14:02.") from error
    for form in _CLOCK:
        try:
            clock = datetime.strptime(text, form).time()
        except ValueError:
            continue
        day = datetime.fromtimestamp(recording.last).date()
        at = datetime.combine(day, clock).timestamp()
        return at if at <= recording.last else at - 86_400
    raise CommandError(f"--at {text} is no time.", "Write -10m, or 14:02.")


def open_room(playback: Playback, settings: Settings) -> Exit:
    """The room on a recording, in this terminal."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise CommandError("A recording is shown in a terminal.", "Run it in one.")
    from controlroom import layouts
    from controlroom.app import ControlRoom
    from controlroom.commands.registry import panes

    if settings.color == "never":
        os.environ["NO_COLOR"] = "1"
    app = ControlRoom(
        playback,
        playback,
        read_only=True,
        ascii_only=settings.plain,
        theme=settings.theme,
        layout=layouts.read(settings.layout, os.environ, panes()),
        fps=settings.fps,
        wall=settings.wall,
        wall_seconds=settings.wall_seconds,
        playback=playback,
    )
    return Exit(app.opened(settings.mouse))
