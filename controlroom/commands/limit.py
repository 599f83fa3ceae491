"""`controlroom metrics --limit`: which part keeps the pipeline from going faster."""

from __future__ import annotations

from dataclasses import asdict

from controlroom.commands.face import emit, emit_json
from controlroom.commands.table import number, table
from controlroom.commands.verb_context import VerbContext, opened
from controlroom.feeds.chain import ChainSource
from controlroom.model.chain import Chain, help_of, sentence


async def tell(here: VerbContext, as_json: bool) -> None:
    """Asks once, and says what follows. Raises CommandError where a source does not answer."""
    async with opened(ChainSource(here.endpoints, here.scenario, once=True)) as source:
        told = await source.read()
    if as_json:
        emit_json(asdict(told) | {"sentence": sentence(told), "help": help_of(told)})
    else:
        emit(shown(told))


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
