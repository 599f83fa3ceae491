"""Runs that belong to an experiment, and how the room tells one; without engines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlroom.arrivals.histogram import HEAD, Histogram
from controlroom.arrivals.results import HISTOGRAM, SECONDS
from controlroom.experiments.measures import Phase, Sample
from controlroom.feeds.runs import RunsSource
from controlroom.model.frame import RUNS
from controlroom.model.run import RunView
from controlroom.runs.experiment_run import children
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.runs.fault import FaultRun
from controlroom.runs.folder import RunFolder
from controlroom.runs.kinds.experiment import KIND
from controlroom.runs.launch import first_view
from controlroom.runs.load_meter import NOTHING, ClosedMeter, OpenMeter
from controlroom.runs.report import LoadProgress
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec
from controlroom.runs.store import RunStore
from host.liveness import Proof, proof_of
from tests.room.frames import calm, live
from tests.room.rooms import room_of, screen_text
from tests.runs.fakes import FakeTarget

FAULT = ChaosSpec(
    {"kind": "PodChaos", "metadata": {"name": "one"}, "spec": {"action": "pod-kill"}}, "one"
)
SPEC = ExperimentSpec({"title": "Two doors"}, "paths", order=("http", "grpc"), lasts=60.0)
FIGURES: Mapping[str, Any] = {
    "block": 1, "of": 2, "arm": "http", "phase": "baseline", "success": 0.995, "p95": 3.21,
    "lag": 4,
}  # fmt: skip
NOBODY = Proof(2**22 + 1, 0.0)


def owner_of(store: RunStore, proof: Proof | None) -> RunFolder:
    """An experiment that goes on, conducted by that process."""
    folder = store.create()
    folder.write_spec(SPEC)
    view = replace(first_view(folder.id, SPEC), state="running", figures=FIGURES)
    folder.write_view(view)
    assert proof is not None
    folder.write_runner(proof)
    return folder


def child_of(store: RunStore, owner: RunFolder) -> tuple[RunFolder, RunWriter]:
    folder = store.create()
    folder.write_spec(FAULT)
    folder.write_owner(owner.id)
    view = first_view(folder.id, FAULT)
    folder.write_view(view)
    return folder, RunWriter(folder, view)


def test_a_run_ends_with_the_one_that_began_it(store: RunStore) -> None:
    owner = owner_of(store, proof_of())
    _, run = child_of(store, owner)
    assert not run.stop_asked
    owner.ask_stop()
    assert (run.stop_asked, run.cut_asked) == (True, False)
    owner.ask_stop(cut=True)
    assert run.cut_asked


def test_a_run_ends_when_the_one_that_began_it_is_dead_or_gone(store: RunStore) -> None:
    dead = owner_of(store, NOBODY)
    folder, run = child_of(store, dead)
    assert run.stop_asked
    assert children(store, dead.id) == [folder]
    other = owner_of(store, proof_of())
    assert children(store, other.id) == []
    folder.write_owner("r-0999")
    assert run.stop_asked


def test_a_run_that_nobody_owns_goes_on(store: RunStore) -> None:
    folder = store.create()
    assert (folder.owner, folder.stop_asked, folder.cut_asked) == ("", False, False)


async def test_a_fault_whose_owner_is_dead_is_not_injected(store: RunStore) -> None:
    folder, run = child_of(store, owner_of(store, NOBODY))
    target = FakeTarget()
    await FaultRun(run, FAULT, target).run()
    view = folder.read_view()
    assert view is not None
    assert (view.state, target.held) == ("stopped", {})


def test_the_strip_has_block_arm_and_phase() -> None:
    view = RunView("r-0001", "experiment", "paths: Two doors", "running", 0.0, 9.0, None, "",
                   figures=FIGURES)  # fmt: skip
    assert KIND.said(view) == "block 1 of 2, http, baseline, success 99.5 %, p95 3.2 ms"
    assert KIND.said(replace(view, state="finished")) == "block 1 of 2, http, baseline"
    assert KIND.said(replace(view, figures=None)) == ""
    assert KIND.report(view, {}) == [KIND.said(view)]


async def test_the_room_shows_a_running_experiment_with_its_phase(store: RunStore) -> None:
    folder = owner_of(store, proof_of())
    feed = RunsSource(store.root)
    await feed.open()
    room = room_of(calm().having(RUNS, live(await feed.read())))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        shown = screen_text(room)
    (line,) = [line for line in shown.splitlines() if folder.id in line]
    assert "experiment paths: Two doors · running · block 1 of 2, http, baseline" in line
    assert os.getpid() == (folder.read_runner() or NOBODY).pid


def test_a_load_is_counted_by_second_and_by_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    meter = ClosedMeter()
    meter.begin("warm_up")
    meter.heard(LoadProgress(took=[900_000] * 5))
    meter.second()
    meter.begin("baseline")
    meter.heard(LoadProgress(took=[1000] * 90 + [20_000] * 9, failures={"HTTP 500": 1}))
    now[0] += 0.5
    assert meter.second()[:2] == (99, 1)
    assert meter.second() == NOTHING
    meter.heard(LoadProgress(took=[1000] * 101))
    now[0] += 1.5
    meter.close()
    found = meter.phases()["baseline"]
    assert set(meter.phases()) == {"baseline"}
    assert (found.name, found.seconds, found.good, found.bad) == ("baseline", 2.0, 200, 1)
    assert (found.throughput, found.success) == (100.0, 200 / 201)
    assert found.p50 == pytest.approx(1.0, rel=0.002)
    assert found.p99 == pytest.approx(20.0, rel=0.002)
    assert Phase("fault", 0.0, 0, 0).throughput is None


def test_an_open_load_is_counted_by_the_second_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.25]
    monkeypatch.setattr(time, "time", lambda: now[0])
    meter, log, seconds = OpenMeter(tmp_path), HEAD, ""
    assert (meter.begun, meter.second()) == (False, NOTHING)
    meter.begin("baseline")
    for t in range(999, 1005):
        times = Histogram()
        times.add(1000.0 * (t - 998), 90)
        log += times.line(t, 1.0)
        counts = {"intended": 100, "sent": 99, "answered": 90, "failed": 9, "dropped": 1}
        p50, p95, p99 = times.percentiles(50, 95, 99)
        line = {"t": t, **counts, "p50": p50, "p95": p95, "p99": p99}
        seconds += json.dumps(line) + "\n"
    (tmp_path / HISTOGRAM).write_text(log)
    (tmp_path / SECONDS).write_text(seconds + '{"t": 10')
    assert meter.begun
    now[0] = 1003.75
    meter.close()
    found = meter.phases()["baseline"]
    assert (found.seconds, found.good, found.bad) == (2.0, 180, 20), "1001 and 1002 are whole"
    assert found.p50 == pytest.approx(3.0, rel=0.002)
    assert found.p999 == pytest.approx(4.0, rel=0.002)
    now[0] = 1006.0
    assert meter.second()[:2] == (90, 10)
    now[0] = 1008.5
    assert meter.second() == NOTHING, "what is long ago is no data"
    taken = [Sample(at, "baseline", 0, 0) for at in (1001.4, 1002.55, 1003.6)]
    seen = meter.settled(taken)
    assert [(one.at, one.good, one.bad) for one in seen] == [
        (1001.0, 90, 10), (1002.0, 90, 10), (1003.0, 90, 10),
    ], "each second is there once, and the last one was not over"  # fmt: skip
    assert seen[0].p50 == pytest.approx(2.0, rel=0.002)
    assert meter.settled([Sample(2000.0, "baseline", 5, 0)]) == []
