"""Experiments on the real stack: a short one to its end, and what each death leaves: nothing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from controlroom.runs.experiment_run import children
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import RunStore
from tests.own_stack import OwnStack
from tests.runs.conftest import children_of, ended, result_of
from tests.waiting import until

SHORT = """\
scenario: bands
load: {rate: 40}
phases: {warm_up: 0s, baseline: 3s, fault: 2s, recovery: 2s}
rounds: 1
arms:
  - {name: killed, fault: pod-kill-consumer}
guards:
  - {measure: success, below: 0.1, for: 60s}
"""
LONG = """\
scenario: bands
load: {users: 1}
phases: {warm_up: 0s, baseline: 1s, fault: 120s}
rounds: 1
arms:
  - {name: halved, split: http-50-faulty-50}
"""


@pytest.fixture(autouse=True)
def _nothing_left(stack: OwnStack) -> Iterator[None]:
    """The stack is everybody's: nothing outlives its test."""
    yield
    if active(stack):
        stack.run("chaos", "stop", "--all", check=False)


def written(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


def active(stack: OwnStack) -> list[str]:
    """Faults and splits that are on."""
    held = stack.run("chaos", "status", "--json").json()
    return [one["name"] for one in held if one["phase"] != "finished"]


async def in_fault(stack: OwnStack, folder: Path) -> tuple[RunStore, RunFolder]:
    """A long experiment whose split is on."""
    words = ("experiment", "run", written(folder, LONG), "--yes", "--detach")
    run = stack.run(*words).out.strip()
    store = RunStore(stack.state / "runs")
    await until(
        lambda: (view := store.view(run)) and (view.figures or {}).get("phase") == "fault",
        "the fault phase begins",
        90,
    )
    assert active(stack) == ["http-50-faulty-50"]
    return store, store.folder(run)


def test_a_short_one_is_measured_phase_by_phase(stack: OwnStack, tmp_path: Path) -> None:
    file = written(tmp_path, SHORT)
    plan = stack.run("experiment", "plan", file, "--json").json()
    assert plan["hits"]["pod-kill-consumer"]["hit_count"] == 1
    done = stack.run("experiment", "run", file, "--yes", "--json", timeout=180).json()
    result = done["result"]
    assert (done["state"], done["bound"], done["clean"]) == ("finished", "all blocks", True)
    arm = result["arms"]["killed"]
    assert set(arm["phases"]) == {"baseline", "fault", "recovery"}
    assert all(one["throughput"] > 0 for one in arm["phases"].values())
    assert (result["lost"], result["doubled"]) == (0, 0)
    folder = RunStore(stack.state / "runs").folder(done["id"])
    (block,) = map(json.loads, (folder.path / "blocks.jsonl").read_text().splitlines())
    load = result_of(RunStore(stack.state / "runs").folder(block["load"]))
    counted = sum(one["good"] for one in block["phases"].values())
    assert 0 < counted <= load["answered"]
    assert block["clocks"]["disturbed"] is not None
    samples = (folder.path / "samples.jsonl").read_text().splitlines()
    assert {json.loads(line)["phase"] for line in samples} >= {"baseline", "fault"}
    assert json.loads((folder.path / "plan.json").read_text())["order"] == ["killed"]
    assert active(stack) == []
    audit = (stack.state / "audit.jsonl").read_text().splitlines()
    acts = [one for one in map(json.loads, audit) if one["action"] == "experiment"]
    assert (acts[-1]["run"], acts[-1]["result"]) == (done["id"], "done")


async def test_killed_it_leaves_nothing_behind(stack: OwnStack, tmp_path: Path) -> None:
    store, folder = await in_fault(stack, tmp_path)
    begun = children(store, folder.id)
    assert {view.kind for one in begun if (view := one.read_view())} == {"load", "split"}
    proof = folder.read_runner()
    assert proof is not None
    (locust,) = [one for one in children_of(folder) if any("locust" in w for w in one.cmdline())]
    os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"
    await until(lambda: active(stack) == [], "its split is ended", 60)
    for one in begun:
        await ended(one, 60)
    await until(lambda: not psutil.pid_exists(locust.pid), "its load has ended", 60)
    story = stack.run("run", "show", folder.id).out
    assert f"{folder.id} lost" in story
    assert (folder.path / "samples.jsonl").read_text()


async def test_the_kill_switch_ends_all_of_it(stack: OwnStack, tmp_path: Path) -> None:
    store, folder = await in_fault(stack, tmp_path)
    refused = stack.run("experiment", "run", "same", "--yes", check=False)
    assert (refused.code, "acts on the target" in refused.err) == (4, True), refused
    done = stack.run("chaos", "stop", "--all", "--json").json()
    assert (done["clean"], folder.id in done["runs"]) == (True, True)
    view = await ended(folder, 60)
    assert view.state == "stopped", view
    left = [seen for one in children(store, folder.id) if (seen := one.read_view())]
    assert [(one.kind, one.active) for one in left] == [("split", False), ("load", False)]
    assert active(stack) == []
    assert result_of(folder)["clean"] is True
