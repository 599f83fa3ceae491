"""`controlroom books`: one audit."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, performed, told, unsaid
from controlroom.commands.question import Question
from controlroom.commands.table import number, paint, span, table
from controlroom.commands.verb_context import VerbContext, answering, opened, verb_context
from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.partitions import PartitionsSource
from controlroom.feeds.rejections import RejectionsSource
from controlroom.feeds.text import clean
from controlroom.model.books import Books, BooksSample
from controlroom.settings import Settings
from controlroom.targets.settling import settle_books
from scenarios.scenario import Scenario
from wire.books import SideBySide

DESCRIPTION = """\
Acknowledged by the producers, in Kafka, counted in Redis, stored in MongoDB.
Documents that were counted before are not counted again; --exact counts every
one. Exit code 1 when anything is lost or doubled. Of a pipeline over two
clusters both contexts are named. What a broker has lost in a power cut is sent
again by whoever has it, and then written off: --settle."""
EXAMPLES = (
    "controlroom books --json | jq .lost",
    "controlroom books --exact",
    "controlroom books --context lab-a --context lab-b",
)
_SAY_EVERY = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how much is counted, and what is written off."""
    parser.add_argument(
        "--exact", action="store_true", help="count every document, also those counted before"
    )
    parser.add_argument(
        "--partitions", action="store_true", help="where each partition is, and who has it"
    )
    parser.add_argument(
        "--rejected", action="store_true", help="what was rejected, by reason, with an example"
    )
    parser.add_argument(
        "--settle", metavar="SCENARIO", help="write off the events that the broker has lost"
    )


@dataclass
class Settle(Act):
    """Writes off what the broker has lost."""

    wanted: str = unsaid("")
    """The scenario that was named; it agrees at once, where it is the one that runs."""
    exact: bool = unsaid(False)
    scenario: str = ""
    events: int | None = None
    command = "settle_books"

    async def prepare(self, here: Here) -> Question:
        name = self.scenario = (await here.scenario()).name
        line = f"controlroom books --settle {name}"
        refused = (
            f"The books are those of {name}, not of {self.wanted}.",
            f"Confirm it with its name: `{line}`.",
        )
        return Question(
            "settle the books", "Settle", "written off", line, name, unconfirmed=refused
        )

    async def carry_out(self, here: Here) -> Answer:
        name = self.scenario
        endpoints = LiveEndpoints(here.located)
        books = await _audited(endpoints, await here.scenario(), self.exact)
        if not books.broker_lost:
            raise CommandError(f"The broker has lost nothing of {name}.", code=Exit.REFUSED)
        scenario = await here.scenario()
        with answering("books"):
            endpoints_now = await here.located.endpoints()
            for queue, own in by_queue(books, scenario.queue).items():
                if own.broker_lost:
                    total = own.settled + own.broker_lost
                    await settle_books(endpoints_now, name, total, scenario.side(queue))
        self.events = books.broker_lost
        lost = number(books.broker_lost)
        return Answer(f"{name}: {lost} events that the broker has lost are written off")


async def main(args: argparse.Namespace) -> Exit:
    """Audits all three stores; with `--settle` once before and once after."""
    if args.settle is not None:
        args.confirm = args.confirm or args.settle
        told(await performed(Settle(args.settle, args.exact), args, whole=True), args.json)
    async with verb_context(args.settings, whole=True) as here:
        if args.partitions or args.rejected:
            await (_partitions if args.partitions else _rejected)(here, args.json)
            return Exit.OK
        books = await _audited(here.endpoints, here.scenario, args.exact)
    if args.json:
        emit_json(books.to_json())
    else:
        emit(shown(books, args.settings))
    return Exit.FAILED if books.faults else Exit.OK


async def _partitions(here: VerbContext, as_json: bool) -> None:
    async with opened(PartitionsSource(here.endpoints, here.scenario)) as source:
        told = await source.read()
    if as_json:
        emit_json(asdict(told))
        return
    rows = [
        (f"{row.queue} {row.number}", number(row.end), number(row.committed), number(row.lag),
         row.member or "-")
        for row in told.rows
    ]  # fmt: skip
    emit(table(("partition", "end", "committed", "lag", "member"), rows))


async def _rejected(here: VerbContext, as_json: bool) -> None:
    async with opened(RejectionsSource(here.endpoints, here.scenario)) as source:
        told = await source.read()
    reasons = told.reasons()
    if as_json:
        emit_json({"total": told.total, "repeated": told.repeated,
                   "reasons": [asdict(reason) for reason in reasons]})  # fmt: skip
        return
    rows = [(number(r.count), clean(r.reason), clean(r.newest.value[:60])) for r in reasons]
    if rows:
        emit(table(("count", "reason", "newest"), rows, left=3))
    newest = f"counted: the newest {number(len(told.rows))}"
    emit(f"{number(told.total)} rejected, {number(told.repeated)} repeated in all; {newest}")


async def _audited(endpoints: LiveEndpoints, scenario: Scenario, exact: bool) -> Books:
    """The books once every document was counted; says how far that is while it takes long."""
    source = BooksSource(endpoints, scenario, exact=exact)
    said = time.monotonic()
    async with opened(source):
        while True:
            sample = await source.read()
            if not sample.books.unaudited:
                return sample.books
            if time.monotonic() - said >= _SAY_EVERY:
                said = time.monotonic()
                talk(f"counting documents: {progress(sample)}")


def progress(sample: BooksSample) -> str:
    """How far an audit is, and how long it will take."""
    done = f"{sample.audited:.0%}"
    return done if sample.seconds_left is None else f"{done}, {span(sample.seconds_left)} left"


async def records(here: VerbContext) -> int:
    """Records that the queue has taken; counts no document."""
    source = BooksSource(here.endpoints, here.scenario)
    async with opened(source):
        return (await source.read()).books.taken


def by_queue(books: Books, only: str) -> Mapping[str, Books]:
    """Queue -> its books; `only` is the queue of books that are not of several."""
    return books.queues if isinstance(books, SideBySide) else {only: books}


def shown(books: Books, settings: Settings) -> str:
    """The books as a table, a column for each queue where there are several, and what they say in
    one line."""
    if isinstance(books, SideBySide):
        return f"{_columns(books, settings)}\n{verdict(books, settings)}"
    told = [each for each in books.figures if not each.seldom or books.value(each.name)]
    rows = [(figure.name, number(books.value(figure.name))) for figure in told]
    lines = table(("", "events"), rows).splitlines()[1:]
    explained = [paint(figure.words, "dim", settings) for figure in told]
    listed = "\n".join(f"{line}  {what}" for line, what in zip(lines, explained, strict=True))
    return f"{listed}\n{verdict(books, settings)}"


def _columns(books: SideBySide, settings: Settings) -> str:
    """Each figure under the queues that tell it; one that is a fault there is marked."""

    def cell(name: str, of: Books) -> str:
        figure = next((each for each in of.figures if each.name == name), None)
        if figure is None:
            return ""
        value = of.value(name)
        return f"{number(value)}{' !' if figure.fault and value else ''}"

    every = [*books.queues.values(), books]
    rows = [
        (figure.name, *(cell(figure.name, of) for of in every))
        for figure in books.rows()
        if not (figure.seldom or figure.rare)
        or any(of.value(figure.name) for of in every if hasattr(of, figure.name))
    ]
    closing = [("closed", *("yes" if of.closed else "no" for of in every))]
    return table(("", *books.queues, "all"), [*rows, *closing])


def verdict(books: Books, settings: Settings) -> str:
    """One line: do they close?"""
    said, style = "the books close", "good"
    if books.faults:
        said, style = "the books do not close", "bad"
    elif books.in_flight:
        said, style = f"closing, {number(books.in_flight)} in flight", ""
    text = "; ".join(filter(None, (f"{books.scenario}: {said}", books.remark)))
    return paint(text, style, settings) if style else text
