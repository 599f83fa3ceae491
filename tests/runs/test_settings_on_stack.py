"""Arms with other settings on the real stack: pods have them in their block, and not after it."""

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
from tests.runs.conftest import ended
from tests.runs.test_chaos_on_stack import ready
from tests.waiting import until

NAME = "BATCH_RECORDS"
PLAN = """\
scenario: bands
load: {rate: 20}
phases: {warm_up: 0s, baseline: %s}
rounds: 1
arms:
  - {name: usual}
  - {name: small, settings: {consumer: {BATCH_RECORDS: 50}}}
"""


@pytest.fixture(autouse=True)
def _nothing_left(stack: OwnStack) -> Iterator[None]:
    """The stack is everybody's: nothing outlives its test."""
    yield
    stack.run("chaos", "stop", "--all", check=False)


def written(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


def values(stack: OwnStack) -> list[str | None]:
    """The setting of each process of the consumer."""
    found = []
    for pid in stack.pids("consumer"):
        try:
            found.append(psutil.Process(pid).environ().get(NAME))
        except psutil.NoSuchProcess:
            found.append("gone")
    return found


def usual(stack: OwnStack) -> bool:
    return values(stack) == [None, None] and ready(stack, "consumer")


async def test_pods_have_them_in_their_block_and_not_after_it(
    stack: OwnStack, tmp_path: Path
) -> None:
    await until(lambda: usual(stack), "the consumers are as ever", 60, every=0.3)
    file = written(tmp_path, PLAN % "3s")
    plan = stack.run("experiment", "plan", file).out
    assert "sets    small: consumer BATCH_RECORDS=50; put back after each block" in plan
    done = stack.run("experiment", "run", file, "--yes", "--json", timeout=300).json()
    assert (done["state"], done["clean"]) == ("finished", True), done
    folder = RunStore(stack.state / "runs").folder(done["id"])
    notes = map(json.loads, (folder.path / "journal.jsonl").read_text().splitlines())
    assert [one["wanted"] for one in notes if one["event"] == "variables"] == [
        {"consumer": {NAME: "50"}}
    ]
    assert usual(stack)


async def in_small(stack: OwnStack, folder: Path) -> RunFolder:
    """An experiment whose second arm is measured now, or was the first."""
    text = (PLAN % "100s").replace("  - {name: usual}\n", "")
    words = ("experiment", "run", written(folder, text), "--yes", "--detach")
    run = stack.run(*words).out.strip()
    store = RunStore(stack.state / "runs")
    await until(
        lambda: (view := store.view(run)) and (view.figures or {}).get("phase") == "baseline",
        "the block begins",
        150,
    )
    assert values(stack) == ["50", "50"]
    assert ready(stack, "consumer")
    return store.folder(run)


async def test_the_death_of_its_process_puts_them_back(stack: OwnStack, tmp_path: Path) -> None:
    folder = await in_small(stack, tmp_path)
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"
    await until(lambda: usual(stack), "they are put back", 120, every=0.3)


async def test_the_death_of_all_its_processes_leaves_it_to_the_kill_switch(
    stack: OwnStack, tmp_path: Path
) -> None:
    folder = await in_small(stack, tmp_path)
    store = RunStore(stack.state / "runs")
    for one in [folder, *children(store, folder.id)]:
        proof = one.read_runner()
        if proof is not None and proof.alive:
            os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"
    assert stack.run("chaos", "stop", "--all", "--json").json()["clean"] is True
    await until(lambda: usual(stack), "they are put back", 120, every=0.3)


def test_what_a_service_does_not_have_is_refused_by_name(stack: OwnStack, tmp_path: Path) -> None:
    text = (PLAN % "3s").replace(NAME, "BATCH_SIZE")
    refused = stack.run("experiment", "plan", written(tmp_path, text), check=False)
    assert refused.code != 0
    assert "arm small: consumer has no setting BATCH_SIZE; it has BATCH_RECORDS" in refused.err
