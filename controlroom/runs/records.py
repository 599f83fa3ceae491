"""From a file, or the scenario's samples, to the requests of a load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from pathlib import Path
from random import Random
from typing import Any

from controlroom.runs.errors import SpecError
from controlroom.runs.scan import Placed, scan_file
from controlroom.runs.spec import LoadSpec
from controlroom.runs.supply import WHOLE, LoadPart, Supply, bodies_of
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import load


def supply_of(
    spec: LoadSpec, on_close: Callable[[], None] = lambda: None, part: LoadPart = WHOLE
) -> Supply:
    """What that part of the load sends.

    Raises SpecError for a scenario, file or record that is not right.
    """
    codec = codec_of(spec.scenario)
    if spec.file is None:
        bodies = bodies_of(_generated(codec, spec.seed), spec.batch)
        return Supply(bodies, spec.number, None, on_close, part)
    records = read_records(Path(spec.file), codec)
    if spec.seed is not None:
        Random(spec.seed).shuffle(records)
    if spec.repeat:
        bodies = bodies_of(chain.from_iterable(repeat(records)), spec.batch)
        return Supply(bodies, spec.number, None, on_close, part)
    in_file = -(-len(records) // spec.batch)
    return Supply(bodies_of(records, spec.batch), spec.number, in_file, on_close, part)


def codec_of(scenario: str) -> EventCodec:
    """The scenario, ready to check and to make events. Raises SpecError."""
    try:
        return EventCodec(load(scenario))
    except ScenarioError as error:
        raise SpecError(error.message, error.fix) from None


def read_records(path: Path, codec: EventCodec) -> list[Mapping[str, Any]]:
    """All records of the file as they stand there, each a valid event of the scenario.

    Raises SpecError that names file, line, record and field of the first that is not.
    """
    placed = scan_file(path)
    for one in placed:
        _check(path, one, codec)
    return [one.value for one in placed]


def _check(path: Path, one: Placed, codec: EventCodec) -> None:
    outcome = codec.validate(one.value)
    if not isinstance(outcome, list):
        return
    wrong = "; ".join(
        f"field {error.field} {error.message}" if error.field else f"it {error.message}"
        for error in outcome
    )
    raise SpecError(
        f"-f {path}, line {one.line}, record {one.number}: {wrong}. Nothing was sent.",
        f"Fix that record: {codec.scenario.name} wants "
        f"{', '.join(field.name for field in codec.scenario.fields)}.",
    )


def _generated(codec: EventCodec, seed: int | None) -> Iterator[Mapping[str, Any]]:
    chance = Random(seed)
    while True:
        yield codec.generate(chance)
