"""The frame: one immutable picture of the target, the only source of every pane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar, cast

from controlroom.model.books import BooksSample
from controlroom.model.budget import Budget
from controlroom.model.fleet import Fleet
from controlroom.model.golden import GoldenMetrics
from controlroom.model.health import Health
from controlroom.model.log import LogView
from controlroom.model.marking import Marking
from controlroom.model.queues import Queues
from controlroom.model.routes import Routes
from controlroom.model.run import Runs, TimeMark
from controlroom.model.tallies import Tallies
from scenarios.limits import Limits

T = TypeVar("T")
Shown = TypeVar("Shown", covariant=True)


@dataclass(frozen=True, slots=True)
class Panel(Generic[Shown]):
    """What one panel shows: the last good value, when it was measured, how its source is."""

    value: Shown | None = None
    measured: float | None = None
    window: float | None = None
    health: Health = field(default_factory=Health)

    def age(self, now: float) -> float | None:
        """Seconds since the value was measured."""
        return None if self.measured is None else max(0.0, now - self.measured)


@dataclass(frozen=True, slots=True)
class Key(Generic[Shown]):
    """Names a panel and carries the type of what it shows: `frame[TALLIES]` is a Panel[Tallies]."""

    name: str
    """Also that of the source which feeds it."""


TALLIES: Key[Tallies] = Key("tallies")
BOOKS: Key[BooksSample] = Key("books")
GOLDEN: Key[GoldenMetrics] = Key("golden")
FLEET: Key[Fleet] = Key("fleet")
QUEUES: Key[Queues] = Key("queues")
LOG: Key[LogView] = Key("log")
RUNS: Key[Runs] = Key("runs")
ROUTES: Key[Routes] = Key("routes")
"""Of the golden metrics in detail; a frame of a target without Prometheus has none."""
OF_TARGET: tuple[Key[object], ...] = (TALLIES, BOOKS, GOLDEN, FLEET, QUEUES, LOG)
"""What the target itself tells, in the order of the panels."""
KEYS: tuple[Key[object], ...] = (*OF_TARGET, RUNS)
"""What every frame has; panes that are added bring more."""
_EMPTY: Mapping[str, Panel[object]] = {key.name: Panel() for key in KEYS}
_NOTHING: Panel[object] = Panel()


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
    lane: str = ""
    """Branch of a split, or deployment, that it is of; empty for all of them together."""
    run: str = ""
    """The split that the branch is of."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything at one moment."""

    now: float
    scenario: str
    title: str
    target: str
    """`local stack`, or the context's name."""
    read_only: bool = False
    marking: Marking = field(default_factory=Marking)
    """Of the target, live; a recording shows none."""
    panels: Mapping[str, Panel[object]] = field(default_factory=lambda: _EMPTY)
    """Name of a key -> its panel; read by `frame[KEY]`."""
    rates: Rates = field(default_factory=Rates)
    curves: tuple[Curve, ...] = ()
    """`rps`, `success` (0 to 1), `p95` (ms), `lag`, in this order, one point a second."""
    past: tuple[Curve, ...] = ()
    """The same over some hours, a point every ten seconds."""
    lanes: tuple[Curve, ...] = ()
    """`success`, `rps`, `p50`, `p95` and `p99` of each branch and deployment, metric by metric."""
    marks: tuple[TimeMark, ...] = ()
    budget: Budget | None = None
    """Of what comes in; None while nothing does."""
    limits: Limits = field(default_factory=Limits)
    """From which figures on it is degraded, or broken."""
    looked_at: float = 0.0
    """The moment of a frame that somebody looks back at; 0 of the present, and of a replay."""

    def __getitem__(self, key: Key[T]) -> Panel[T]:
        """The panel of that key, an empty one where nothing feeds it."""
        return cast("Panel[T]", self.panels.get(key.name, _NOTHING))

    def having(self, key: Key[T], panel: Panel[T]) -> Frame:
        """The same moment with another panel."""
        return replace(self, panels={**self.panels, key.name: panel})
