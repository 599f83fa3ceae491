"""The axes of a plot: its range, round numbers on it, and no more points than can be seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controlroom.reports.document import Plot, Point

MOST_POINTS = 600
"""Of a curve; where there are more, the lowest and the highest of each stretch are drawn."""
_PERCENT_FLOORS = (99.0, 90.0, 50.0, 0.0)


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where an axis goes."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Where on the axis a value is, 0 to 1."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within it."""
        step = _round((self.high - self.low) / about)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def known(plot: Plot) -> list[float]:
    """All values that can be drawn."""
    return [
        value
        for points in plot.curves.values()
        for _, value in points
        if value is not None and math.isfinite(value)
    ]


def values_of(plot: Plot) -> Span:
    """The axis of values. It begins at 0; of percentages near 100 higher, and says so."""
    found = known(plot)
    lowest, highest = min(found, default=0.0), max(found, default=0.0)
    if plot.unit == "%" and highest <= 100:
        return Span(next(one for one in _PERCENT_FLOORS if one <= max(lowest, 0.0)), 100.0)
    low = min(lowest, 0.0)
    return Span(low, _above(highest, low))


def times_of(plot: Plot) -> Span:
    """The axis of seconds: from the first point or mark to the last."""
    found = [at for points in plot.curves.values() for at, _ in points]
    found += [at for at, _ in plot.marks]
    low, high = min(found, default=0.0), max(found, default=0.0)
    return Span(low, high if high > low else low + 1)


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> Sequence[Point]:
    """The curve with at most so many points; no peak, no hole and no gap is lost."""
    if len(points) <= most:
        return points
    size = math.ceil(len(points) / (most // 3))
    found: list[Point] = []
    for begin in range(0, len(points), size):
        part = points[begin : begin + size]
        there = [(at, value) for at, value in part if value is not None]
        picked: set[Point] = set()
        if there:
            picked = {min(there, key=lambda one: one[1]), max(there, key=lambda one: one[1])}
        if len(there) < len(part):
            picked.add(next(one for one in part if one[1] is None))
        found += sorted(picked, key=lambda one: one[0])
    return found


def short(value: float) -> str:
    """A number as an axis has it: `1,200`, `0.25`, `3e-07`."""
    if value == 0:
        return "0"
    if abs(value) >= 1e7 or abs(value) < 1e-4:
        return f"{value:.3g}"
    digits = 0 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def extremes(points: Iterable[Point]) -> tuple[float, float] | None:
    """(Lowest, highest) of what is known of a curve; None where nothing is."""
    found = [value for _, value in points if value is not None and math.isfinite(value)]
    return (min(found), max(found)) if found else None


def _above(value: float, low: float) -> float:
    if value <= low:
        return low + 1
    step = _round((value - low) / 5)
    return low + math.ceil((value - low) / step - 1e-9) * step


def _round(wanted: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * 0.999)
