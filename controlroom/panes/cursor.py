"""The moment of the time axis that is looked at, and a range from there to another moment."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor


@dataclass(frozen=True, slots=True)
class Axis:
    """A time axis of `columns` columns, two dots each; the last dot has the time `end`."""

    end: float
    step: float
    """Seconds of a dot."""
    columns: int

    @property
    def _first(self) -> int:
        return int(self.end // self.step) - 2 * self.columns + 1

    def column(self, at: float) -> int:
        """The column of a time; below 0 or beyond the last one where the axis does not show it."""
        return floor((int(at // self.step) - self._first) / 2)

    def time(self, column: int) -> float:
        """The middle of a column."""
        return (self._first + 2 * column + 1) * self.step


class Cursor:
    """Where the operator looks: nowhere, at one moment, or at a range."""

    def __init__(self) -> None:
        self.at: float | None = None
        """Seconds since the epoch; None while nobody looks at a moment."""
        self.start: float | None = None
        """The other end of a range."""

    @property
    def span(self) -> tuple[float, float] | None:
        """From the earlier to the later end; None while no range is chosen."""
        if self.at is None or self.start is None:
            return None
        return min(self.at, self.start), max(self.at, self.start)

    def clear(self) -> None:
        """Nobody looks at a moment any more."""
        self.at = self.start = None

    def begin(self) -> None:
        """A range begins at the cursor; where one has begun, it is given up."""
        self.start = self.at if self.start is None else None

    def columns(self, axis: Axis) -> range:
        """The columns of the axis that it covers; none while nobody looks."""
        if self.at is None:
            return range(0)
        first, last = self.span or (self.at, self.at)
        return range(max(0, axis.column(first)), min(axis.columns, axis.column(last) + 1))
