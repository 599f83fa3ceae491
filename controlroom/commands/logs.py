"""`controlroom logs`: stored events."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from controlroom.commands import pods, searching
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, refuse_inside, talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb, unsaid
from controlroom.commands.question import Question
from controlroom.commands.table import number, table
from controlroom.commands.verb_context import VerbContext, answering, opened, verb_context
from controlroom.feeds.document import DocumentSource
from controlroom.feeds.log import LogSource
from controlroom.model.document import way
from controlroom.model.finding import Hit
from controlroom.targets.purge import purge_logs

DESCRIPTION = "Print stored events, look for some, count or remove them; or what a pod says."
EXAMPLES = (
    "controlroom logs --grep caifanes --field rank=5 --since 10m",
    "controlroom logs --in kafka --grep rejected --last 20",
    "controlroom logs --purge --confirm bands",
)
MOST = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do; `--last 10` when nothing is said."""
    parser.usage = "controlroom logs [options]"
    parser.add_argument("--last", metavar="N", type=int, help="the newest N (10; looking: 1000)")
    searching.add_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", action="store_true", help="and every new one from then on")
    what.add_argument("--total", action="store_true", help="how many are stored")
    what.add_argument("--at", metavar="P:OFFSET", help="one document in full, and its way")
    what.add_argument("--purge", action="store_true", help="remove all; the books stay right")
    pods.add_arguments(parser)
    parser.add_argument("--confirm", metavar="SCENARIO", help="name of the scenario to purge")


async def main(args: argparse.Namespace) -> Exit:
    """Does one of these."""
    last = 10 if args.last is None else args.last
    if not 1 <= last <= MOST:
        raise CommandError(f"--last {last} is not possible.", f"Use 1 to {MOST}.")
    if args.purge and not pods.is_meant(args):
        return await perform_verb(Purge(), args)
    if args.follow:
        refuse_inside("--follow", "The log panel follows by itself.")
    if pods.is_meant(args):
        return await pods.main(args, 100 if args.last is None else last)
    if args.previous:
        raise CommandError("--previous is of a pod.", "Name it: --pod NAME --previous.")
    meant = searching.wanted(args) if searching.is_meant(args) else None
    if meant is not None and (args.follow or args.total or args.at):
        raise CommandError(
            "--in, --partition, --grep, --field, --since and --until look for events.",
            "Leave --follow, --total and --at out.",
        )
    async with verb_context(args.settings) as here:
        if args.at:
            return await _document(here, args)
        if meant is not None:
            _print(await searching.search(here, meant, args.place), args.json)
            return Exit.OK
        source = LogSource(here.endpoints, here.scenario, first_lines=last)
        async with opened(source):
            if args.total:
                await _total(source, args.json)
            elif args.follow:
                await _follow(source, args.json)
            else:
                _print((await source.read()).lines, args.json)
    return Exit.OK


async def _document(here: VerbContext, args: argparse.Namespace) -> Exit:
    """One document with its way through the pipeline."""
    partition, _, offset = args.at.partition(":")
    if not (partition.isdigit() and offset.isdigit()):
        raise CommandError(
            f"--at {args.at} is no place.", "Write PARTITION:OFFSET, such as 4:14211."
        )
    source = DocumentSource(here.endpoints, here.scenario)
    source.wanted = (int(partition), int(offset), time.time())
    async with opened(source):
        told = await source.read()
    if args.json:
        emit_json(dict(told.document))
        return Exit.OK
    rows = [
        (
            step.name,
            "-"
            if step.at is None
            else datetime.fromtimestamp(step.at).isoformat(" ", "milliseconds"),
            step.said,
        )
        for step in way(told)
    ]
    emit(table(("", "when", ""), rows, left=3))
    emit(json.dumps(dict(told.document), indent=2, ensure_ascii=False, default=str))
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


def _print(lines: Iterable[Hit], as_json: bool) -> None:
    for line in lines:
        if as_json:
            emit_json(asdict(line))
        else:
            at = datetime.fromtimestamp(line.stored).strftime("%H:%M:%S.%f")[:-3]
            emit(f"{at} p{line.partition:02d} o{line.offset:07d} {line.text}")


@dataclass
class Purge(Act):
    """Removes all stored documents of the scenario; books and committed offset stay right."""

    stored: int | None = unsaid(None)
    """How many there are, where that is known."""
    scenario: str = ""
    documents: int | None = None
    """How many were removed."""
    command = "purge"

    async def prepare(self, here: Here) -> Question:
        name = self.scenario = (await here.scenario()).name
        count = "all" if self.stored is None else f"{self.stored:,}"
        facts = (
            ("removes", f"{count} stored documents of {name}"),
            ("stays", "the tallies, the books and the committed offsets; nothing is counted again"),
            ("undo", "none"),
        )
        line = f"controlroom logs --purge --confirm {name}"
        refused = (
            f"The purge of {name} was not confirmed.",
            f"Confirm it with its name: `{line}`.",
        )
        return Question("purge the log", "Purge", "removed", line, name, facts, unconfirmed=refused)

    async def carry_out(self, here: Here) -> Answer:
        with answering("log"):
            self.documents = await purge_logs(await here.target.endpoints(), self.scenario)
        removed = number(self.documents)
        return Answer(
            f"{self.scenario}: removed {removed} stored events; committed offsets and tallies stay",
            data={"removed": self.documents},
        )
