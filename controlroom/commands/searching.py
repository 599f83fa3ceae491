"""`controlroom logs --grep --field --partition --since --until`: events that are looked for, in the
documents or in Kafka (`--in kafka`)."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence

from controlroom.commands.exits import CommandError
from controlroom.commands.face import talk
from controlroom.commands.verb_context import VerbContext, opened
from controlroom.commands.watching import Talk
from controlroom.feeds.finding import Finding, sequence
from controlroom.model.finding import DOCUMENTS, KAFKA, MOST, PLACES, Hit, Wanted, moment
from controlroom.model.needle import Needle, NeedleError
from host.durations import parse_duration

FLAGS = ("grep", "field", "since", "until")
SOME = 10
"""Lines that are printed where nothing is looked for but a place."""
UNREAD = 20
"""Places that are named where records cannot be read; the others are counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is looked for, and where."""
    parser.add_argument(
        "--in", dest="place", choices=PLACES, default=DOCUMENTS, metavar="PLACE",
        help="documents, or kafka: its records, stored or not",
    )  # fmt: skip
    parser.add_argument("--partition", metavar="N", type=int, help="those of one partition")
    parser.add_argument("--grep", metavar="TEXT", help="those with it; /regex/, ! before: without")
    parser.add_argument(
        "--field", metavar="NAME=VALUE", action="append", help="those with that value; repeatable"
    )
    parser.add_argument(
        "--since", metavar="TIME", help="from 10m ago, 14:05, 2026-11-28T14:05; --until TIME"
    )
    parser.add_argument("--until", metavar="TIME", help=argparse.SUPPRESS)


def is_meant(args: argparse.Namespace) -> bool:
    """Whether anything is looked for."""
    only = args.place == KAFKA or args.partition is not None
    return only or any(getattr(args, flag) for flag in FLAGS)


def wanted(args: argparse.Namespace) -> Wanted:
    """What the flags say. Raises CommandError."""
    if args.partition is not None and args.partition < 0:
        raise CommandError(f"--partition {args.partition} is none.", "Partitions begin at 0.")
    most = MOST if any(getattr(args, flag) for flag in FLAGS) else SOME
    try:
        needle = Needle(args.grep or "")
    except NeedleError as error:
        raise CommandError(f"--grep: {error}.") from error
    fields = {}
    for text in args.field or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise CommandError(
                f"--field {text} is no NAME=VALUE.", "Such as --field name=Caifanes."
            )
        fields[name] = value
    return Wanted(
        needle, fields, _moment("since", args.since), _moment("until", args.until),
        most if args.last is None else args.last, args.partition,
    )  # fmt: skip


def _moment(flag: str, text: str | None) -> float | None:
    if not text:
        return None
    try:
        seconds: float | None = parse_duration(text)
    except ValueError:
        seconds = None
    try:
        return moment(text, time.time(), seconds)
    except ValueError as error:
        raise CommandError(f"--{flag} {error}.") from error


async def search(here: VerbContext, meant: Wanted, place: str = DOCUMENTS) -> Sequence[Hit]:
    """The hits, oldest first. Ctrl+c ends the search; what was found so far is the answer."""
    # what it takes to read records is loaded for nobody else
    from controlroom.feeds.kafka_finding import KafkaFinding

    kind = KafkaFinding if place == KAFKA else Finding
    try:
        finding: KafkaFinding | Finding = kind(here.endpoints, here.scenario, meant)
    except ValueError as error:
        raise CommandError(f"--field: {error}.") from error
    shown, said = Talk(), ""
    hits: list[Hit] = []
    unread: list[str] = []
    async with opened(finding):
        try:
            async for found in finding.steps():
                hits += found.lines
                unread += found.unread
                said = found.said
                shown.say(f"looking: {said}; ctrl+c ends it")
        except ValueError as error:
            raise CommandError(f"--partition: {error}.") from error
        except asyncio.CancelledError:
            talk("\nEnded before everything was looked through.")
        finally:
            shown.close()
    for words in unread[:UNREAD]:
        talk(f"cannot be read: {words}")
    if len(unread) > UNREAD:
        talk(f"cannot be read: {len(unread) - UNREAD:,} other places")
    talk(said)
    return sequence(hits)
