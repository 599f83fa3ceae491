"""The course of a run as plots: rate, success, p95, lag, with marks of faults, phases, blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controlroom.ledger.beside import Hit
from controlroom.ledger.figures import course
from controlroom.ledger.record import Record
from controlroom.ledger.seconds import Second
from controlroom.reports import Plot
from controlroom.reports.document import Mark, Point

MOST_MARKS = 24
"""Where there are more, the beginnings of blocks are left out."""
GAP = 1.5
"""Seconds without a sample after which the line is broken."""
_DRAWN: tuple[tuple[str, str, Callable[[Second], float | None]], ...] = (
    ("Good answers", "requests/s", lambda one: float(one.good)),
    ("Success", "%", lambda one: None if one.success is None else 100 * one.success),
    ("p95", "ms", lambda one: one.p95),
    ("Lag", "records", lambda one: one.lag),
    ("Not ready", "pods and engines", lambda one: one.missing),
)


def plots(record: Record, hits: Sequence[Hit], load: Record | None = None) -> list[Plot]:
    """Those of which anything is known, over one time axis that begins with the run."""
    seconds, start = course(record, load), record.view.started
    marks = marks_of(record, hits, start)
    made = []
    for title, unit, value in _DRAWN:
        curves = _curves(seconds, start, value)
        if any(
            point[1] is not None and (point[1] or title != "Not ready")
            for points in curves.values()
            for point in points
        ):
            made.append(Plot(title, unit, curves, marks))
    return made


def marks_of(record: Record, hits: Sequence[Hit], start: float) -> list[Mark]:
    """What happened when, in seconds since the start."""
    found: list[Mark] = []
    for one in hits:
        found.append((one.begun - start, f"{one.name} begins ({one.run})"))
        # one that is over at once has one moment only
        if one.ended is not None and one.ended - one.begun >= GAP:
            found.append((one.ended - start, f"{one.name} has ended ({one.run})"))
    blocks: list[Mark] = []
    for entry in record.journal:
        at, event = entry.get("at"), entry.get("event")
        if not isinstance(at, float):
            continue
        if event == "guard":
            found.append((at - start, f"guard: {entry.get('breach')}"))
        elif event in ("drain", "cut", "stop asked"):
            found.append((at - start, "somebody ended it"))
        elif event == "block":
            blocks.append((at - start, f"block {_place(entry.get('place'))}, {entry.get('arm')}"))
    if len(found) + len(blocks) <= MOST_MARKS:
        found += blocks
    return sorted(found)


def _curves(
    seconds: Sequence[Second], start: float, value: Callable[[Second], float | None]
) -> dict[str, list[Point]]:
    """One for each arm, broken where another one had its turn or nothing was measured."""
    found: dict[str, list[Point]] = {}
    for one in seconds:
        points = found.setdefault(one.arm or "load", [])
        at = one.at + 1 - start
        if points and at - points[-1][0] > GAP:
            points.append((points[-1][0] + 0.1, None))
        points.append((at, value(one)))
    return found


def _place(place: object) -> object:
    return place + 1 if isinstance(place, int) else "?"
