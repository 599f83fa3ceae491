"""`controlroom launch`: the room, on a stack that is up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlroom.cli.record import told, wanted
from controlroom.commands.exits import Exit
from controlroom.commands.face import talk
from controlroom.settings import Settings
from controlroom.targets.abilities import TargetError
from controlroom.targets.choosing import LOCAL

if TYPE_CHECKING:
    from controlroom.runs.rooms import Announced

DESCRIPTION = """\
Open the control room. Brings the local stack up first where it is not up; with
--context it opens on a cluster, on two at once where it is given twice."""
EXAMPLES = (
    "controlroom launch",
    "controlroom launch --scenario worldcup",
    "controlroom launch --context lab-a --context lab-b --read-only",
)
SAMPLES: dict[str, Any] = {"users": 4, "number": 2400, "rate": 20.0, "timeout": 120.0}
"""What flows when a stack is opened for the first time, so that there is something to see."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the room looks like and what it may do."""
    parser.add_argument("--scenario", metavar="NAME|PATH", help="bands, covid, worldcup, or a path")
    parser.add_argument("--read-only", "--readonly", action="store_true", default=None)
    parser.add_argument("--ascii", action="store_true", default=None, help="ASCII signs only")
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        metavar="WHEN",
        help="auto, always or never",
    )
    parser.add_argument("--no-mouse", dest="mouse", action="store_false", default=None)
    parser.add_argument("--layout", metavar="NAME", help="the layout that it opens with")
    parser.add_argument(
        "--wall", action="store_true", default=None, help="one panel after the other, no keys"
    )
    parser.add_argument("--record", default="", metavar="FILE", help="record the session")
    parser.add_argument(
        "--no-sample-load",
        action="store_true",
        help="send nothing by itself",
    )


def main(args: argparse.Namespace) -> Exit:
    """Brings the stack up, then draws; without a terminal prints the status instead."""
    settings: Settings = args.settings
    if not _has_terminal():
        return asyncio.run(_without_terminal(args))
    record = wanted(args.record) if args.record else None
    bring_up_where_needed(settings, not (args.no_sample_load or settings.read_only))
    return Exit(_open_room(settings, record))


def bring_up_where_needed(settings: Settings, sample: bool) -> None:
    """The local stack is up afterwards, with the scenario that was asked for. `sample`: something
    flows where nothing was ever stored. A cluster is left as it is."""
    if settings.contexts:
        return
    if not _is_up(settings) or settings.origin("scenario") != "default":
        asyncio.run(_bring_up(settings, sample))


def _has_terminal() -> bool:
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") not in ("", "dumb")
    )


def _is_up(settings: Settings) -> bool:
    """Whether a daemon holds the state folder; asked without any client library."""
    from stack.daemon_files import DaemonFiles

    return DaemonFiles(settings.state_dir).daemon() is not None


async def _without_terminal(args: argparse.Namespace) -> Exit:
    from controlroom.commands import status

    if args.settings.contexts:
        return await status.main(args)
    await _brought_up(args.settings)
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
    await _brought_up(settings)
    if settings.targets.of(LOCAL).production:
        return
    if sample and not await _has_events(settings):
        await _send_samples(settings)


async def _brought_up(settings: Settings) -> None:
    """One that runs with the scenario that is wanted is left alone, also by who may only look."""
    from controlroom.commands.here import Here
    from controlroom.commands.performing import perform
    from controlroom.commands.up import Up, runs

    if settings.read_only and await runs(settings):
        return
    async with Here(settings) as here:
        await perform(Up(by="launch"), here)


async def _has_events(settings: Settings) -> bool:
    from controlroom.commands.books import records
    from controlroom.commands.verb_context import verb_context

    async with verb_context(settings) as here:
        return await records(here) > 0


async def _send_samples(settings: Settings) -> None:
    """A small bounded load, so that a newcomer's first screen is alive."""
    from controlroom.commands.here import Here
    from controlroom.commands.performing import perform
    from controlroom.commands.run import StartLoad
    from controlroom.runs.spec import LoadSpec

    async with Here(settings) as here:
        await perform(StartLoad(LoadSpec(**SAMPLES), by="launch"), here)


async def _log_in(contexts: Sequence[str]) -> None:
    """Credential plugins that talk with a person do it now; then the terminal is the room's."""
    from controlroom.targets.kubernetes import kubeconfig, plugins

    for context in contexts:
        # one that fails is told in the room, where it is asked again
        with contextlib.suppress(TargetError):
            await kubeconfig.log_in(context)
    plugins.take_terminal()


def _open_room(settings: Settings, record: Path | None) -> int:
    if settings.contexts:
        asyncio.run(_log_in(settings.contexts))
    # importing makes nothing but what stays; the room collects again after its first picture
    gc.disable()
    from controlroom import layouts
    from controlroom.app import ControlRoom
    from controlroom.commands.registry import panes
    from controlroom.opening import Opening
    from controlroom.panes.registry import read_user_panes

    if settings.color == "never":
        os.environ["NO_COLOR"] = "1"
    notes = read_user_panes()
    layout = layouts.read(settings.layout, os.environ, panes())
    opening = Opening(settings, record)
    app = ControlRoom(
        opening,
        opening,
        on_ready=opening.start,
        lock=opening.lock,
        ascii_only=settings.plain,
        theme=settings.theme,
        layout=layout,
        fps=settings.fps,
        wall=settings.wall,
        wall_seconds=settings.wall_seconds,
        notes=notes,
        announce=lambda: _announced(settings),
    )
    try:
        code = app.opened(settings.mouse)
    finally:
        if app.neighbours is not None:
            app.neighbours.close()
    for recorder in opening.recorders:
        talk(told(recorder))
    if code == Exit.OK:
        _say_farewell()
    return code


def _announced(settings: Settings) -> Announced:
    """The room as others on this machine see it."""
    from controlroom.runs.rooms import Announced

    return Announced(settings.state_dir, settings.contexts or (LOCAL,))


def _say_farewell() -> None:
    from controlroom.cli.farewell import farewell
    from controlroom.runs.store import RunStore

    if said := farewell(RunStore().runs(newest=0).active):
        talk(said)
