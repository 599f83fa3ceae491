"""The board: reports in, frames out. It has no clock and does no input or output.

It keeps the last good value of every source and says how old it is, computes what needs more
than one measurement (rates, trend, curves) and numbers the lines of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from controlroom.model.budget import Budget, budget_of
from controlroom.model.frame import KEYS, LOG, Curve, Frame, Panel, Rates
from controlroom.model.golden import GoldenMetrics
from controlroom.model.health import Health, SourceState
from controlroom.model.lanes import Lanes
from controlroom.model.log import LogBatch
from controlroom.model.marking import Marking
from controlroom.model.marks import marks_of
from controlroom.model.queues import Queues
from controlroom.model.run import Runs, TimeMark
from controlroom.model.samples import Failed, NoData, Report, Sample
from controlroom.model.series import Coarse, Recent, Trace
from controlroom.model.tail import LogTail
from controlroom.model.tallies import Tallies
from controlroom.model.tempo import Tempo
from scenarios.limits import Limits

CURVES = {"rps": "/s", "success": "", "p95": "ms", "lag": "records"}
"""Name -> unit, in the order of `Frame.curves`."""
CURVE_SECONDS = 1800
PAST_SECONDS, PAST_STEP = 6 * 3600, 10
"""How far back `Frame.past` and the marks go, and the seconds that a point of it covers."""
RATE_SECONDS = 5.0
TREND_SECONDS = 10.0
LOG_LINES = 5000
STALE_PERIODS = 4
STALE_LEAST = 2.0
"""A source is stale when it said nothing for so many periods, at the least so many seconds."""


@dataclass(slots=True)
class _Source:
    period: float = 1.0
    value: object = None
    measured: float | None = None
    window: float | None = None
    health: Health = field(default_factory=Health)

    def panel(self, now: float) -> Panel[object]:
        return Panel(self.value, self.measured, self.window, self._health(now))

    def _health(self, now: float) -> Health:
        limit = max(STALE_PERIODS * self.period, STALE_LEAST)
        heard = self.measured
        if self.health.state != "live" or heard is None or now - heard <= limit:
            return self.health
        return replace(self.health, state="stale", since=heard)


class Board:
    """Everything that is known now. `periods`: source -> seconds between its measurements; one that
    is not of `KEYS` gets a panel too."""

    def __init__(
        self,
        scenario: str,
        title: str,
        target: str,
        read_only: bool = False,
        periods: Mapping[str, float] | None = None,
        limits: Limits | None = None,
        marking: Marking | None = None,
    ) -> None:
        limits = limits or Limits()
        marking = marking or Marking()
        self._blank = Frame(0.0, scenario, title, target, read_only, marking, limits=limits)
        self._budget: Budget | None = None
        known = {key.name: 1.0 for key in KEYS} | dict(periods or {})
        self._sources = {name: _Source(period) for name, period in known.items()}
        self._tempo = Tempo(RATE_SECONDS)
        self._lag = Recent(TREND_SECONDS)
        self._traces = {name: Trace(CURVE_SECONDS) for name in CURVES}
        self._past = {
            name: Coarse(PAST_SECONDS, PAST_STEP, min if name == "success" else max)
            for name in CURVES
        }
        self._lanes = Lanes(CURVE_SECONDS)
        self._tail = LogTail(LOG_LINES)
        self._marks: dict[tuple[str, str], TimeMark] = {}

    def apply(self, report: Report) -> None:
        """Takes in what a feed says. KeyError for a source that it does not know."""
        source = self._sources[report.source]
        if isinstance(report, Failed):
            self._fail(source, report)
            return
        source.measured = report.at
        if source.health.state != "live":
            source.health = Health("live", since=report.at)
        if isinstance(report, NoData):
            source.value = None
            self._gap(report.source, report.at)
        else:
            source.window = report.window
            self._keep(source, report)

    def resume(self, report: Report, since: float) -> None:
        """Takes in what was known before the first report, which no curve has; the state of the
        source has lasted since then. KeyError for a source that it does not know."""
        source = self._sources[report.source]
        if isinstance(report, Failed):
            self._fail(source, report)
            source.health = replace(source.health, since=since)
            return
        source.measured, source.health = report.at, Health("live", since=since)
        source.value = report.value if isinstance(report, Sample) else None
        source.window = report.window if isinstance(report, Sample) else source.window
        if isinstance(source.value, Runs):
            self._marks |= marks_of(source.value)

    def resume_log(self, seen: int, batch: LogBatch) -> None:
        """Goes on behind so many lines that came before, and so many that were skipped."""
        self._tail.resume(seen, batch)

    def fill_past(self, curve: str, points: Iterable[tuple[float, float | None]]) -> None:
        """Puts older points, such as from a recording, before the first one of `Frame.past`."""
        self._past[curve].fill(points)

    def fill(self, curve: str, points: Iterable[tuple[float, float | None]]) -> None:
        """Puts measured points before the first one of a curve, such as from a metrics store."""
        self._traces[curve].fill(points)

    def frame(self, now: float) -> Frame:
        """The target at this moment, one immutable object."""
        panels = {name: source.panel(now) for name, source in self._sources.items()}
        if panels[LOG.name].value is not None:
            panels[LOG.name] = replace(panels[LOG.name], value=self._tail.view(now))
        total, rows = self._tempo.rates(now)
        return replace(
            self._blank,
            now=now,
            rates=Rates(total, rows, self._lag.slope(now)),
            curves=tuple(
                Curve(name, unit, self._traces[name].points) for name, unit in CURVES.items()
            ),
            past=tuple(Curve(name, unit, self._past[name].points) for name, unit in CURVES.items()),
            lanes=self._lanes.curves(),
            marks=self._recent_marks(now),
            budget=self._budget,
            panels=panels,
        )

    def _keep(self, source: _Source, sample: Sample) -> None:
        value = source.value = sample.value
        if isinstance(value, Tallies):
            self._tempo.apply(sample.at, value)
        elif isinstance(value, Queues):
            self._lag.add(sample.at, value.lag)
            self._draw("lag", sample.at, value.lag)
        elif isinstance(value, GoldenMetrics):
            for name, figure in overall(value).items():
                self._draw(name, sample.at, figure)
            self._lanes.take_golden(sample.at, value)
            rps, success = (self._traces[name].points for name in ("rps", "success"))
            self._budget = budget_of(rps, success, self._blank.limits.slo, sample.at)
        elif isinstance(value, LogBatch):
            self._tail.apply(sample.at, value)
        elif isinstance(value, Runs):
            self._marks |= marks_of(value)
            self._lanes.take_runs(sample.at, value)

    def _draw(self, curve: str, at: float, figure: float | None) -> None:
        self._traces[curve].add(at, figure)
        self._past[curve].add(at, figure)

    def _fail(self, source: _Source, failed: Failed) -> None:
        state: SourceState = "denied" if failed.denied else "reconnecting"
        same = source.health.state in ("denied", "reconnecting")
        since = source.health.since if same else failed.at
        source.health = Health(state, since, failed.error, failed.fix, failed.retry_at)
        self._gap(failed.source, failed.at)

    def _gap(self, source: str, at: float) -> None:
        for name in {"golden": ("rps", "success", "p95"), "queues": ("lag",)}.get(source, ()):
            self._traces[name].gap(at)
        if source == "golden":
            self._lanes.gap(at)

    def _recent_marks(self, now: float) -> tuple[TimeMark, ...]:
        for key in [key for key, mark in self._marks.items() if mark.at < now - PAST_SECONDS]:
            del self._marks[key]
        return tuple(sorted(self._marks.values(), key=lambda mark: mark.at))


def overall(golden: GoldenMetrics) -> dict[str, float | None]:
    """One figure for each curve: what comes in. Requests add up, success is weighted by them,
    and p95 is that of the slowest deployment, as percentiles cannot be added. Without traffic
    the rate is 0, and the others are unknown."""
    rows = [row for row in golden.rows if row.direction == "inbound" and row.rps]
    rps = sum(row.rps or 0.0 for row in rows)
    if not rps:
        return {"rps": 0.0, "success": None, "p95": None}
    good = sum((row.rps or 0.0) * (row.success or 0.0) for row in rows)
    slowest = max((row.p95 for row in rows if row.p95 is not None), default=None)
    return {"rps": rps, "success": good / rps, "p95": slowest}
