"""`controlroom launch`: the room, on a stack that is up."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from pathlib import Path

from controlroom.cli.exits import Exit
from controlroom.cli.verb import talk
from controlroom.runs.spec import LoadSpec
from controlroom.settings import Settings

DESCRIPTION = """\
Open the control room. Brings the local stack up first where it is not up; with
--context it opens on a cluster, on two at once where it is given twice."""
EXAMPLES = (
    "controlroom launch",
    "controlroom launch --scenario worldcup",
    "controlroom launch --context lab-a --context lab-b --read-only",
)
SAMPLES = LoadSpec(users=4, number=2400, rate=20.0, timeout=120.0)
"""What flows when a stack is opened for the first time, so that there is something to see."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the room looks like and what it may do."""
    parser.add_argument("--scenario", metavar="NAME|FILE", help="bands, worldcup, or a file")
    parser.add_argument("--read-only", "--readonly", action="store_true", default=None)
    parser.add_argument("--ascii", action="store_true", default=None, help="ASCII signs only")
    parser.add_argument("--color", choices=("auto", "always", "never"))
    parser.add_argument("--no-mouse", dest="mouse", action="store_false", default=None)
    parser.add_argument(
        "--no-sample-load",
        action="store_true",
        help="send nothing by itself, also when nothing was ever stored",
    )


def main(args: argparse.Namespace) -> Exit:
    """Brings the stack up, then draws; without a terminal prints the status instead."""
    settings: Settings = args.settings
    if not _has_terminal():
        return asyncio.run(_without_terminal(args))
    if settings.contexts:
        return Exit(_open_room(settings))
    if not _is_up(settings) or settings.origin("scenario") != "default":
        sample = not (args.no_sample_load or settings.read_only)
        asyncio.run(_bring_up(settings, sample))
    return Exit(_open_room(settings))


def _has_terminal() -> bool:
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") not in ("", "dumb")
    )


def _is_up(settings: Settings) -> bool:
    """Whether a daemon holds the state folder, told without any client library."""
    from stack.marks import Marks

    return Marks(settings.state_dir).daemon() is not None


async def _without_terminal(args: argparse.Namespace) -> Exit:
    from controlroom.cli import status
    from controlroom.cli.up import bring_up

    if args.settings.contexts:
        return await status.main(args)
    await bring_up(args.settings)
    code = await status.main(args)
    talk(f"The stack is up. Open the room in a terminal: {_program()} launch")
    return code


def _program() -> str:
    """How this program was called, so that the next call can be copied."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{sys.executable} -m controlroom"
    return "controlroom" if shutil.which("controlroom") == str(called) else str(called)


async def _bring_up(settings: Settings, sample: bool) -> None:
    from controlroom.cli.up import bring_up

    await bring_up(settings)
    if sample and not await _has_events(settings):
        await _send_samples(settings)


async def _has_events(settings: Settings) -> bool:
    from controlroom.cli.books import records
    from controlroom.cli.world import world

    async with world(settings) as here:
        return await records(here) > 0


async def _send_samples(settings: Settings) -> None:
    """A small bounded load, so that a newcomer's first screen is alive."""
    from controlroom.runs.audit import acting
    from controlroom.runs.launch import start
    from controlroom.runs.prepare import ready_load
    from controlroom.runs.store import Store
    from controlroom.targets.local import LocalTarget

    target = LocalTarget.from_settings(settings)
    try:
        with acting(settings.state_dir, "load", command=SAMPLES.command(), by="launch") as deed:
            spec = await ready_load(SAMPLES, "bands", target)
            store = Store(settings.state_dir / "runs", settings.max_runs)
            deed.add(run=start(store, spec).id)
    finally:
        await target.close()


def _open_room(settings: Settings) -> int:
    from controlroom.app import ControlRoom
    from controlroom.opening import Opening

    if settings.color == "never":
        os.environ["NO_COLOR"] = "1"
    opening = Opening(settings)
    app = ControlRoom(
        opening,
        opening,
        on_ready=opening.start,
        read_only=settings.read_only,
        ascii_only=settings.ascii,
    )
    return app.opened(settings.mouse)
