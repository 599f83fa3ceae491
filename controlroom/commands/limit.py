"""`controlroom limit`: which part keeps the pipeline from going faster."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json
from controlroom.commands.table import number, table
from controlroom.commands.verb_context import opened, verb_context
from controlroom.feeds.chain import ChainSource
from controlroom.model.chain import Chain, help_of, sentence

DESCRIPTION = """\
Say which part keeps the pipeline from going faster: the chain from the doors to
the stores, how busy each part is, how long the others wait for it, what queues."""
EXAMPLES = ("controlroom limit", "controlroom limit --json | jq .limit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beside what every verb has."""


async def main(args: argparse.Namespace) -> Exit:
    """Asks once."""
    async with verb_context(args.settings) as here:
        source = ChainSource(here.endpoints, here.scenario, once=True)
        async with opened(source):
            told = await source.read()
    if args.json:
        emit_json(asdict(told) | {"sentence": sentence(told), "help": help_of(told)})
    else:
        emit(shown(told))
    return Exit.OK


def shown(told: Chain) -> str:
    """The chain as a table, and what follows from it."""
    rows = [
        (
            part.name,
            _share(part.busy),
            _share(part.waited),
            number(part.rate, 1),
            number(part.p99, 1),
            number(part.queued),
        )
        for part in told.parts
    ]
    header = ("part", "busy", "waited for", "per second", "p99 ms", "queued")
    return f"{table(header, rows)}\n{sentence(told)}\n{help_of(told)}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
