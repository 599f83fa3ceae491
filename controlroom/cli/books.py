"""`controlroom books`: one audit."""

from __future__ import annotations

import argparse
import time

from controlroom.cli.exits import Exit
from controlroom.cli.table import number, paint, span, table
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.cli.world import World, opened, world
from controlroom.feeds.books import BooksSource
from controlroom.model.books import Books, BooksSample
from controlroom.settings import Settings

DESCRIPTION = """\
Acknowledged by the producers, in Kafka, counted in Redis, stored in MongoDB.
Documents that were counted before are not counted again; --exact counts every
one. Exit code 1 when anything is lost or doubled. Of a pipeline over two
clusters both contexts are named."""
EXAMPLES = (
    "controlroom books",
    "controlroom books --exact",
    "controlroom books --json | jq .lost",
    "controlroom books --context lab-a --context lab-b",
)
_SAY_EVERY = 2.0
ROWS = (
    ("acknowledged", "answered with success by the producers"),
    ("kafka", "records in the events topic"),
    ("counted", "events in the tallies of Redis"),
    ("stored", "documents in MongoDB, and those removed on purpose"),
    ("purged", "of the stored, removed by hand or by retention"),
    ("rejected", "kept with the reason why they are no events"),
    ("repeated", "sent again by clients under the same id, and not counted again"),
    ("in_flight", "in Kafka, not yet handled by a consumer"),
    ("held", "of those in flight, behind an open transaction: nobody may read them yet"),
    ("lost", "had time to arrive and are missing"),
    ("doubled", "counted or stored more than once"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how much is counted."""
    parser.add_argument(
        "--exact", action="store_true", help="count every document, also those counted before"
    )


async def main(args: argparse.Namespace) -> Exit:
    """Audits all three stores."""
    async with world(args.settings, whole=True) as here:
        books = await _audited(here, args.exact)
    if args.json:
        emit_json(books.to_json())
    else:
        emit(shown(books, args.settings))
    return Exit.FAILED if books.lost or books.doubled else Exit.OK


async def _audited(here: World, exact: bool) -> Books:
    """The books once every document was counted; says how far that is while it takes long."""
    source = BooksSource(here.doors, here.scenario.name, exact=exact)
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


async def records(here: World) -> int:
    """Records that the events topic holds or held; counts no document."""
    source = BooksSource(here.doors, here.scenario.name)
    async with opened(source):
        return (await source.read()).books.kafka


def shown(books: Books, settings: Settings) -> str:
    """The books as a table, and what they say in one line."""
    rows = [(name, number(getattr(books, name))) for name, _ in ROWS]
    lines = table(("", "events"), rows).splitlines()[1:]
    explained = [paint(what, "dim", settings) for _, what in ROWS]
    listed = "\n".join(f"{line}  {what}" for line, what in zip(lines, explained, strict=True))
    return f"{listed}\n{verdict(books, settings)}"


def verdict(books: Books, settings: Settings) -> str:
    """One line: do they close?"""
    if books.lost or books.doubled:
        text = f"{books.scenario}: the books do not close"
        return paint(text, "bad", settings)
    if books.held:
        text = f"an open transaction holds back {number(books.held)} of {number(books.in_flight)}"
        return f"{books.scenario}: waiting, {text} in flight until its producer ends it"
    if books.in_flight:
        return f"{books.scenario}: closing, {number(books.in_flight)} in flight"
    return paint(f"{books.scenario}: the books close", "good", settings)
