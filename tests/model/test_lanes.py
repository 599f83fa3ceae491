"""Golden metrics of each branch and deployment over time."""

from __future__ import annotations

from dataclasses import replace

from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.lanes import METRICS, Lanes, lanes_of
from controlroom.model.run import Runs, RunView
from controlroom.model.split import BranchFigures, SplitFigures

HTTP = BranchFigures("http", "producer-http", 0.5, 0.5, 10, 0, 1.0, 5.0, 1.0, 2.0, 3.0)
FAULTY = BranchFigures("faulty", "error-injector", 0.5, 0.5, 10, 10, 0.0, 5.0)


def view(run: str, state: str = "running", *branches: BranchFigures) -> RunView:
    split = SplitFigures(branches, 0.5)
    return RunView(run, "split", "half", state, 0, 9, None, "", split=split)  # type: ignore[arg-type]


def golden(**rps: float | None) -> GoldenMetrics:
    rows = [
        GoldenRow(name, "inbound", None if each is None else 1.0, each, 1.0, 2.0, 3.0)
        for name, each in rps.items()
    ]
    return GoldenMetrics((*rows, GoldenRow("consumer", "outbound", 1.0, 9.0, 1, 1, 1)), 30.0)


def points(lanes: Lanes, name: str, lane: str, run: str = "") -> list[tuple[float, float | None]]:
    (found,) = (c for c in lanes_of(lanes.curves(), run) if (c.name, c.lane) == (name, lane))
    return list(found.points)


def test_every_branch_has_every_metric_beside_those_of_the_doors() -> None:
    lanes = Lanes(60)
    lanes.take_golden(1.0, golden(http=7.0, quiet=None))
    lanes.take_runs(1.0, Runs((view("r-1", "running", HTTP, FAULTY),)))
    told = [(curve.name, curve.lane) for curve in lanes_of(lanes.curves(), "r-1")]
    assert told == [(name, lane) for name in METRICS for lane in ("http", "faulty")]
    assert {curve.lane for curve in lanes_of(lanes.curves(), "")} == {"http"}
    assert points(lanes, "success", "faulty", "r-1") == [(1.0, 0.0)]
    assert points(lanes, "p95", "faulty", "r-1") == [(1.0, None)]
    assert points(lanes, "rps", "http") == [(1.0, 7.0)]
    # the same times stand for all
    lanes.take_golden(2.0, golden(http=None))
    lanes.take_runs(2.0, Runs((view("r-1", "running", replace(HTTP, rps=6.0), FAULTY),)))
    assert points(lanes, "rps", "http") == [(1.0, 7.0), (2.0, None)]
    assert points(lanes, "rps", "http", "r-1") == [(1.0, 5.0), (2.0, 6.0)]
    lanes.gap(3.0)
    assert points(lanes, "rps", "http")[-1] == (3.0, None)
    assert points(lanes, "rps", "http", "r-1")[-1] == (2.0, 6.0)


def test_a_split_that_is_over_keeps_its_curves_until_the_next_one() -> None:
    lanes = Lanes(60)
    lanes.take_runs(1.0, Runs((view("r-1", "running", HTTP),)))
    lanes.take_runs(2.0, Runs((view("r-1", "finished", HTTP),)))
    assert points(lanes, "rps", "http", "r-1") == [(1.0, 5.0)]
    for number in range(2, 40):
        lanes.take_runs(float(number), Runs((view(f"r-{number}", "running", HTTP, FAULTY),)))
    assert {curve.run for curve in lanes.curves()} == {"r-39"}
    assert len(lanes.curves()) == 2 * len(METRICS)
