"""The frame: one immutable picture of the world, the only source of every pane."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from controlroom.model.books import BooksSample
from controlroom.model.fleet import Fleet
from controlroom.model.golden import Golden
from controlroom.model.health import Health
from controlroom.model.log import LogView
from controlroom.model.queues import Queues
from controlroom.model.run import Mark, Runs
from controlroom.model.tallies import Tallies

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Panel(Generic[T]):
    """What one panel shows: the last good value, when it was measured, how its source is."""

    value: T | None = None
    measured: float | None = None
    window: float | None = None
    health: Health = field(default_factory=Health)

    def age(self, now: float) -> float | None:
        """Seconds since the value was measured."""
        return None if self.measured is None else max(0.0, now - self.measured)


@dataclass(frozen=True, slots=True)
class Rates:
    """Changes per second, computed by the board over the last seconds."""

    total: float | None = None
    rows: dict[tuple[str, ...], float] = field(default_factory=dict)
    """Labels of a tally row -> events per second."""
    lag: float | None = None
    """Records per second that the lag grows (negative: shrinks)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the time panel: points (seconds since the epoch, figure), oldest first."""

    name: str
    unit: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything at one moment."""

    now: float
    scenario: str
    title: str
    target: str
    """`local stack`, or the context's name."""
    read_only: bool = False
    tallies: Panel[Tallies] = field(default_factory=Panel)
    books: Panel[BooksSample] = field(default_factory=Panel)
    golden: Panel[Golden] = field(default_factory=Panel)
    fleet: Panel[Fleet] = field(default_factory=Panel)
    queues: Panel[Queues] = field(default_factory=Panel)
    log: Panel[LogView] = field(default_factory=Panel)
    runs: Panel[Runs] = field(default_factory=Panel)
    rates: Rates = field(default_factory=Rates)
    curves: tuple[Curve, ...] = ()
    """`rps`, `success` (0 to 1), `p95` (ms), `lag`, in this order, one point a second."""
    marks: tuple[Mark, ...] = ()
