"""Golden metrics over time of each branch of a split, and of each deployment that clients call."""

from __future__ import annotations

from collections.abc import Iterable

from controlroom.model.frame import Curve
from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.run import Runs
from controlroom.model.series import Trace
from controlroom.model.split import BranchFigures

METRICS = {"success": "", "rps": "/s", "p50": "ms", "p95": "ms", "p99": "ms"}
"""Name -> unit, in the order in which they stand below each other."""
Lane = tuple[str, str]
"""Run of a split and its branch, or nothing and a deployment."""


class Lanes:
    """A trace for each metric of each lane, `seconds` long."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._traces: dict[Lane, dict[str, Trace]] = {}

    def take_golden(self, at: float, golden: GoldenMetrics) -> None:
        """What comes in, by deployment; one that nobody has called yet has no lane."""
        for row in golden.rows:
            lane = ("", row.deployment)
            if row.direction == "inbound" and (row.rps is not None or lane in self._traces):
                self._add(at, lane, row)

    def take_runs(self, at: float, runs: Runs) -> None:
        """Of the splits that are on. Those of earlier ones go when another one begins."""
        views = [view for view in runs.runs if view.active and view.split is not None]
        if views:
            ids = {"", *(view.id for view in views)}
            self._traces = {lane: t for lane, t in self._traces.items() if lane[0] in ids}
        for view in views:
            for branch in view.split.branches if view.split else ():
                self._add(at, (view.id, branch.name), branch)

    def gap(self, at: float) -> None:
        """Nothing is known of the deployments now."""
        for (run, _), traces in self._traces.items():
            for trace in traces.values() if not run else ():
                trace.gap(at)

    def curves(self) -> tuple[Curve, ...]:
        """Metric by metric, the lanes of each in the order in which they were first seen."""
        return tuple(
            Curve(name, unit, traces[name].points, lane, run)
            for name, unit in METRICS.items()
            for (run, lane), traces in self._traces.items()
        )

    def _add(self, at: float, lane: Lane, figures: GoldenRow | BranchFigures) -> None:
        if lane not in self._traces:
            self._traces[lane] = {name: Trace(self._seconds) for name in METRICS}
        for name, trace in self._traces[lane].items():
            trace.add(at, getattr(figures, name))


def lanes_of(curves: Iterable[Curve], run: str) -> tuple[Curve, ...]:
    """The curves of the branches of a run, of the deployments without one."""
    return tuple(curve for curve in curves if curve.run == run)
