"""`controlroom status --watch`: one plain line for each change, for those who hear the screen."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.commands import status_watch
from controlroom.commands.status_watch import changes, line, of_fleet, of_runs, with_health
from controlroom.model.fleet import Deployment, DiskUse, Engine, Fleet
from controlroom.model.run import RunView
from tests.cli.running import environment

KAFKA = Engine("kafka", "ready")
DOOR = Deployment("producer-http", 2, 2, 0, None, None, None)


def lines(before: status_watch.Facts, after: status_watch.Facts) -> list[str]:
    return [line("10:00:00", "", *one) for one in changes(before, after)]


def seen(*engines: Engine, deployments: tuple[Deployment, ...] = (DOOR,)) -> status_watch.Facts:
    fleet = Fleet(deployments=deployments, pods=(), engines=engines, events=(), started=None)
    return with_health(of_fleet(fleet))


def test_all_is_said_once_and_then_only_what_changes() -> None:
    well = seen(KAFKA)
    assert lines({}, well) == [
        "10:00:00 engine kafka: ready",
        "10:00:00 deployment producer-http: 2 of 2 ready",
        "10:00:00 health: good, all 2 engines and deployments are ready",
    ]
    assert lines(well, seen(replace(KAFKA, restarts=3, cpu=0.5, started=7.0))) == []
    starting = seen(replace(KAFKA, state="starting", message="port 9092\nis taken"))
    assert lines(well, starting) == [
        "10:00:00 engine kafka: starting, port 9092 is taken, was ready",
        "10:00:00 health: bad, 1 of 2 not ready: engine kafka, "
        "was good, all 2 engines and deployments are ready",
    ]
    full = seen(replace(KAFKA, disk=DiskUse(9, 1, True)))
    assert "10:00:00 engine kafka: the disk is nearly full, was ready" in lines(well, full)
    less = seen(KAFKA, deployments=(replace(DOOR, ready=1),))
    assert "10:00:00 deployment producer-http: 1 of 2 ready, was 2 of 2 ready" in lines(well, less)
    gone = lines(well, seen(KAFKA, deployments=()))
    assert gone[0] == "10:00:00 deployment producer-http: gone, was 2 of 2 ready"


def test_a_run_is_told_from_its_begin_to_its_end_and_older_ones_are_not() -> None:
    old = RunView("r-0001", "load", "100 events", "finished", 1.0, 2.0, None, "number")
    now = replace(old, id="r-0002", state="running", bound="", ended=None)
    before = of_runs([now, old], {})
    assert list(before) == ["run r-0002 100 events"]
    after = of_runs([replace(now, state="finished", bound="number"), old], before)
    told = changes(with_health(before), with_health(after))
    assert [line("10:00:00", "lab-a", *one) for one in told] == [
        "10:00:00 lab-a, run r-0002 100 events: finished, number, was running"
    ]


@pytest.mark.processes
def test_without_a_stack_it_says_so_once_and_waits_for_one(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "controlroom", "status", "--watch"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert "health: bad, cannot be reached" in first
    assert "\x1b" not in first
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=60)
    assert (process.returncode, rest) == (130, "")
    assert "Traceback" not in trouble
