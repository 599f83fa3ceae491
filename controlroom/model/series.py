"""Figures over time: how fast a number changes, and the points of a curve."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable

Point = tuple[float, float]


def slope(points: Iterable[Point]) -> float | None:
    """Change per second by least squares; None for fewer than two moments.

    A straight line through all points, because a lag saws with every batch that is fetched and
    the difference of its ends would say more of the batch than of the trend.
    """
    known = list(points)
    if len(known) < 2:
        return None
    mean_t = sum(t for t, _ in known) / len(known)
    mean_y = sum(y for _, y in known) / len(known)
    spread = sum((t - mean_t) ** 2 for t, _ in known)
    if spread == 0:
        return None
    return sum((t - mean_t) * (y - mean_y) for t, y in known) / spread


class Recent:
    """The points of the last `seconds`, oldest first."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.points: deque[Point] = deque()

    def add(self, at: float, figure: float) -> None:
        """Adds one point and lets go of what is older than the window."""
        self.points.append((at, figure))
        while self.points[0][0] < at - self.seconds:
            self.points.popleft()

    def slope(self, now: float) -> float | None:
        """Change per second; None when the newest point is older than the window."""
        if not self.points or self.points[-1][0] < now - self.seconds:
            return None
        return slope(self.points)


class Points(ABC):
    """One point every `step` seconds for at most `seconds`, oldest first."""

    def __init__(self, seconds: int, step: int) -> None:
        self._step = step
        self._points: deque[tuple[float, float | None]] = deque(maxlen=seconds // step)
        self._tuple: tuple[tuple[float, float | None], ...] | None = ()

    def add(self, at: float, figure: float | None) -> None:
        """Notes a figure for its time; one that is older than the newest point is left out."""
        place = self._place(at)
        if self._points and place < self._points[-1][0]:
            return
        if self._points and self._points[-1][0] == place:
            known = self._points[-1][1]
            chosen = self._chosen(known, figure)
            if chosen == known:
                return
            self._points[-1] = (place, chosen)
        else:
            self._points.append((place, figure))
        self._tuple = None

    def fill(self, points: Iterable[tuple[float, float | None]]) -> None:
        """Puts older points in front, as far as there is room."""
        limit = self._points[0][0] if self._points else float("inf")
        known: dict[float, float | None] = {}
        for at, figure in points:
            place = self._place(at)
            if place < limit:
                known[place] = self._chosen(known.get(place), figure)
        room = (self._points.maxlen or 0) - len(self._points)
        if room > 0 and known:
            self._points.extendleft(sorted(known.items(), reverse=True)[:room])
            self._tuple = None

    @property
    def points(self) -> tuple[tuple[float, float | None], ...]:
        """All points, oldest first; the same object as long as nothing changed."""
        if self._tuple is None:
            self._tuple = tuple(self._points)
        return self._tuple

    def _place(self, at: float) -> float:
        return float(at // self._step * self._step)

    @abstractmethod
    def _chosen(self, known: float | None, figure: float | None) -> float | None:
        """What a point says when another figure comes for it."""


class Trace(Points):
    """One point a second: the newest of its figures. A figure of None is a gap."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds, 1)

    def gap(self, at: float) -> None:
        """Notes that the second has no figure, unless it already has one."""
        if not self._points or self._points[-1][0] < self._place(at):
            self.add(at, None)

    def _chosen(self, known: float | None, figure: float | None) -> float | None:
        return figure


class Coarse(Points):
    """The one of the figures of a point that `pick` chooses; None is one that is not known. A time
    without any has no point."""

    def __init__(
        self, seconds: int, step: int, pick: Callable[[Iterable[float]], float] = max
    ) -> None:
        super().__init__(seconds, step)
        self._pick = pick

    def _chosen(self, known: float | None, figure: float | None) -> float | None:
        if known is None or figure is None:
            return figure if known is None else known
        return self._pick((known, figure))
