"""Events per second of the tallies, in all and per row."""

from __future__ import annotations

from collections import deque

from controlroom.model.tallies import Tallies

Rates = tuple[float | None, dict[tuple[str, ...], float]]


class Tempo:
    """Rates over the last `seconds`, from the counts that were measured in them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._history: deque[tuple[float, Tallies]] = deque()
        self._rates: Rates | None = None

    def apply(self, at: float, tallies: Tallies) -> None:
        """Notes one measurement. Another selection, or counts that fell, begin again."""
        if self._history and _breaks(self._history[-1][1], tallies):
            self._history.clear()
        self._history.append((at, tallies))
        self._rates = None
        # the last point outside the window stays, so that the rates cover the window in full
        while len(self._history) > 2 and self._history[1][0] <= at - self.seconds:
            self._history.popleft()

    def rates(self, now: float) -> Rates:
        """(all, per row); (None, {}) while nothing can be said. The same object while nothing
        is measured."""
        if len(self._history) < 2 or self._history[-1][0] < now - self.seconds:
            return None, {}
        if self._rates is None:
            self._rates = self._measured()
        return self._rates

    def _measured(self) -> Rates:
        (start, old), (end, new) = self._history[0], self._history[-1]
        span = end - start
        if span <= 0:
            return None, {}
        before = {row.labels: row.count for row in old.rows}
        rows = {
            row.labels: max(0.0, (row.count - before.get(row.labels, 0)) / span) for row in new.rows
        }
        return max(0.0, (new.total - old.total) / span), rows


def _breaks(old: Tallies, new: Tallies) -> bool:
    return new.total < old.total or old.chosen != new.chosen
