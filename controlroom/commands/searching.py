"""`controlroom logs --grep --field --since --until`: stored events that are looked for."""

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
from controlroom.model.finding import MOST, Wanted, moment
from controlroom.model.log import LogLine
from controlroom.model.needle import Needle, NeedleError
from host.durations import parse_duration

FLAGS = ("grep", "field", "since", "until")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is looked for."""
    parser.add_argument("--grep", metavar="TEXT", help="those with it; /regex/, ! before: without")
    parser.add_argument(
        "--field", metavar="NAME=VALUE", action="append", help="those with that value; repeatable"
    )
    parser.add_argument(
        "--since", metavar="TIME", help="stored since 10m ago, 14:05, 2026-11-28T14:05"
    )
    parser.add_argument("--until", metavar="TIME", help="stored until then")


def is_meant(args: argparse.Namespace) -> bool:
    """Whether anything is looked for."""
    return any(getattr(args, flag) for flag in FLAGS)


def wanted(args: argparse.Namespace) -> Wanted:
    """What the flags say. Raises CommandError."""
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
        MOST if args.last is None else args.last,
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


async def search(here: VerbContext, meant: Wanted) -> Sequence[LogLine]:
    """The hits, oldest first. Ctrl+c ends the search; what was found so far is the answer."""
    try:
        finding = Finding(here.endpoints, here.scenario, meant)
    except ValueError as error:
        raise CommandError(f"--field: {error}.") from error
    shown, said = Talk(), ""
    hits: list[LogLine] = []
    async with opened(finding):
        try:
            async for found in finding.steps():
                hits += found.lines
                said = found.said
                shown.say(f"looking: {said}; ctrl+c ends it")
        except asyncio.CancelledError:
            talk("\nEnded before everything was looked through.")
        finally:
            shown.close()
    talk(said)
    return sequence(hits)
