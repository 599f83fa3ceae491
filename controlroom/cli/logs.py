"""`controlroom logs`: stored events."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.table import number
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.cli.world import World, answering, opened, world
from controlroom.feeds.log import LogSource
from controlroom.model.log import LogLine
from controlroom.targets.purge import purge_logs

DESCRIPTION = "Print stored events, oldest first; count them; or remove them all."
EXAMPLES = (
    "controlroom logs --last 20",
    "controlroom logs --follow --json | jq .text",
    "controlroom logs --purge --confirm bands",
)
MOST = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do; `--last 10` when nothing is said."""
    parser.add_argument("--last", metavar="N", type=int, help="the newest N, 10 if not given")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", action="store_true", help="and every new one from then on")
    what.add_argument("--total", action="store_true", help="how many are stored")
    what.add_argument("--purge", action="store_true", help="remove all; the books stay right")
    parser.add_argument("--confirm", metavar="SCENARIO", help="name of the scenario to purge")


async def main(args: argparse.Namespace) -> Exit:
    """Does one of the four."""
    last = 10 if args.last is None else args.last
    if not 1 <= last <= MOST:
        raise CommandError(f"--last {last} is not possible.", f"Use 1 to {MOST}.")
    async with world(args.settings) as here:
        if args.purge:
            return await _purge(here, args)
        source = LogSource(here.doors, here.scenario, first_lines=last)
        async with opened(source):
            if args.total:
                await _total(source, args.json)
            elif args.follow:
                await _follow(source, args.json)
            else:
                _print((await source.read()).lines, args.json)
    return Exit.OK


async def _total(source: LogSource, as_json: bool) -> None:
    count = await source.count()
    if as_json:
        emit_json({"total": count})
    else:
        emit(number(count))


async def _follow(source: LogSource, as_json: bool) -> None:
    while True:
        batch = await source.read()
        _print(batch.lines, as_json)
        if batch.skipped:
            talk(f"… {number(batch.skipped)} more came and were not printed")
        await asyncio.sleep(source.period)


def _print(lines: Iterable[LogLine], as_json: bool) -> None:
    for line in lines:
        if as_json:
            emit_json(asdict(line))
        else:
            at = datetime.fromtimestamp(line.stored).strftime("%H:%M:%S.%f")[:-3]
            emit(f"{at} p{line.partition:02d} o{line.offset:07d} {line.text}")


async def _purge(here: World, args: argparse.Namespace) -> Exit:
    name = here.scenario.name
    if args.settings.read_only:
        raise CommandError("Nothing is removed in read-only mode.", code=Exit.REFUSED)
    if args.confirm != name:
        raise CommandError(
            f"The purge of {name} was not confirmed.",
            f"Confirm it with its name: `controlroom logs --purge --confirm {name}`.",
            Exit.REFUSED,
        )
    with answering("log"):
        removed = await purge_logs(await here.target.endpoints(), name)
    talk(f"{name}: removed {number(removed)} stored events; fences and tallies stay")
    if args.json:
        emit_json({"removed": removed})
    return Exit.OK
