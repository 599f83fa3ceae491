"""Replicas of an arm are put back on every way out, also by others when a process was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from controlroom.experiments.format import read
from controlroom.model.run import RunView
from controlroom.runs import experiment_run, replicas
from controlroom.runs.experiment_run import ExperimentRun
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import put_all_back
from controlroom.runs.launch import first_view
from controlroom.runs.replicas import ReplicasRun, ReplicasSpec, former
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.stop import stop_all
from controlroom.runs.store import RunStore
from host.liveness import proof_of
from tests.runs.fakes import FakeTarget
from tests.runs.test_experiment_ends import NOBODY, Seeing, begun
from tests.waiting import until

MORE = {"consumer": 4}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "POLL", 0.01)


def folder_of(
    store: RunStore, wanted: Mapping[str, int], owner: str = ""
) -> tuple[RunFolder, RunWriter, ReplicasSpec]:
    spec = ReplicasSpec(wanted)
    folder = store.create()
    folder.write_spec(spec)
    if owner:
        folder.write_owner(owner)
    view = first_view(folder.id, spec)
    folder.write_view(view)
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    return folder, RunWriter(folder, view), spec


async def holding(
    store: RunStore, target: FakeTarget, owner: str = ""
) -> tuple[RunFolder, asyncio.Task[None]]:
    folder, run, spec = folder_of(store, MORE, owner)
    task = asyncio.create_task(ReplicasRun(run, spec, target).run())
    await until(lambda: view_of(folder).state == "running", "they are set", 30)
    return folder, task


def view_of(folder: RunFolder) -> RunView:
    view = folder.read_view()
    assert view is not None
    return view


async def test_they_are_waited_for_held_and_put_back(store: RunStore) -> None:
    target = FakeTarget()
    target.slow = 5
    folder, task = await holding(store, target)
    assert (target.slow, target.replicas["consumer"]) == (0, 4)
    assert former(folder).left() == {"consumer": 2}
    folder.ask_stop()
    await task
    assert (target.replicas["consumer"], former(folder).left()) == (2, {})
    assert (view_of(folder).state, view_of(folder).bound) == ("stopped", "put back")


async def test_the_death_of_the_owner_puts_them_back(store: RunStore) -> None:
    target = FakeTarget()
    run, _ = begun(store)
    _, task = await holding(store, target, run.folder.id)
    run.folder.write_runner(NOBODY)
    await asyncio.wait_for(task, 30)
    assert target.replicas["consumer"] == 2


async def test_a_target_that_is_away_is_asked_until_it_is_back(store: RunStore) -> None:
    target = FakeTarget()
    folder, task = await holding(store, target)
    target.away = True
    folder.ask_stop()
    await until(lambda: view_of(folder).state == "stopping", "it wants to put them back", 30)
    assert target.replicas["consumer"] == 4
    target.away = False
    await asyncio.wait_for(task, 30)
    assert (target.replicas["consumer"], former(folder).left()) == (2, {})


async def killed(store: RunStore, target: FakeTarget, owner: str = "") -> RunFolder:
    """Its process died while it held them."""
    folder, task = await holding(store, target, owner)
    task.cancel()
    await asyncio.wait({task})
    folder.write_runner(NOBODY)
    return folder


async def test_the_kill_switch_and_the_next_experiment_put_back_what_the_dead_left(
    store: RunStore,
) -> None:
    target = FakeTarget()
    folder = await killed(store, target)
    assert target.replicas["consumer"] == 4
    assert (await stop_all(store, target)).clean
    assert (target.replicas["consumer"], former(folder).left()) == (2, {})
    await killed(store, target)
    assert await put_all_back(store, target) == []
    assert target.replicas["consumer"] == 2
    target.replicas["consumer"] = 3
    assert await put_all_back(store, target) == []
    assert target.replicas["consumer"] == 3, "what was put back once is not touched again"


@pytest.mark.parametrize("wrong", [RuntimeError("a mistake"), None], ids=["mistake", "whole"])
async def test_an_experiment_puts_back_what_a_dead_child_left(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, wrong: Exception | None
) -> None:
    class Dying:
        def __init__(self, run: RunWriter, *_: Any) -> None:
            self._run = run

        async def run(self) -> dict[str, Any]:
            await killed(store, target, self._run.folder.id)
            if wrong is not None:
                raise wrong
            return self.told()

        def told(self) -> dict[str, Any]:
            return {"place": 0, "arm": "none", "phases": {}, "clocks": None}

    target = FakeTarget()
    monkeypatch.setattr(experiment_run, "Observer", Seeing)
    monkeypatch.setattr(experiment_run, "BlockRun", Dying)
    run, spec = begun(store)
    await ExperimentRun(run, spec, target).run()  # type: ignore[arg-type]
    assert target.replicas["consumer"] == 2
    assert (run.folder.read_result() or {})["clean"] is True


async def test_numbers_that_cannot_be_had_are_refused_and_nothing_is_changed(
    store: RunStore,
) -> None:
    for wanted, why in (
        ({"consumer": 9}, "consumer may have 1 to 4 replicas, and 9 are wanted."),
        ({"nosuch": 1}, "There is no deployment nosuch; there are consumer, reader."),
    ):
        target = FakeTarget()
        folder, run, spec = folder_of(store, {"reader": 3, **wanted})
        await ReplicasRun(run, spec, target).run()
        view = view_of(folder)
        assert (view.state, target.replicas["reader"]) == ("failed", 1)
        assert view.bound.startswith(why)


def test_the_file_says_them_by_arm() -> None:
    arms = [{"name": "one", "replicas": {"reader": 1}}, {"name": "two", "replicas": {"reader": 2}}]
    plan = read({"scenario": "bands", "load": {"users": 1}, "arms": arms})
    assert plan.arm("two").replicas == {"reader": 2}
