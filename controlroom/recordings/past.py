"""The curves of the last hours, from what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from controlroom.model.board import STALE_PERIODS, overall
from controlroom.model.frame import GOLDEN, QUEUES
from controlroom.model.golden import GoldenMetrics
from controlroom.model.queues import Queues
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.format import decode_value
from controlroom.recordings.reader import Block, Recording, read_block, read_line

STEP = 2.0
"""Seconds between two points where nothing changed."""
Points = list[tuple[float, float | None]]
_WANTED = tuple(f'{{"source":"{key.name}"'.encode() for key in (GOLDEN, QUEUES))


def curves_of(folder: Path, scenario: str, since: float) -> dict[str, Points]:
    """Points of the curves since that moment; none where nothing is kept of this scenario."""
    try:
        recording = Recording(folder)
    except RecordingError:
        return {}
    if recording.head.scenario != scenario:
        return {}
    lasts = {name: STALE_PERIODS * period for name, period in recording.head.periods.items()}
    found: dict[str, Points] = {}
    for block in recording.blocks:
        if block.last >= since:
            for source, name, at, figure in _figures(block):
                points = found.setdefault(name, [])
                points += _between(points, at, lasts.get(source, 0.0))
                points.append((at, figure))
    return found


def _between(points: Points, at: float, lasts: float) -> Points:
    """What a figure was until the next one, which comes later where nothing changes."""
    if not points or not STEP < at - points[-1][0] <= lasts:
        return []
    last, figure = points[-1]
    return [(last + n * STEP, figure) for n in range(1, int((at - last) / STEP))]


def _figures(block: Block) -> Iterator[tuple[str, str, float, float | None]]:
    """(source, curve, moment, figure) of all lines; None where the source did not answer."""
    known: dict[str, dict[str, float | None]] = {}
    for data in read_block(block):
        line = read_line(data) if data.startswith(_WANTED) else None
        if line is None:
            continue
        if line.empty or line.error is not None:
            known[line.source] = dict.fromkeys(known.get(line.source, ()))
        elif not line.same:
            known[line.source] = _told(line.source, decode_value(line.source, line.value))
        if line.since is None:
            for name, figure in known.get(line.source, {}).items():
                yield line.source, name, line.at, figure


def _told(source: str, value: object) -> dict[str, float | None]:
    if isinstance(value, GoldenMetrics):
        return overall(value)
    return {"lag": value.lag} if isinstance(value, Queues) else {}
