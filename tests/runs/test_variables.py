"""Settings of an arm are put back on every way out, also by others when a process was killed."""

from __future__ import annotations

import asyncio

import pytest

from controlroom.model.run import RunView
from controlroom.runs import holding, replicas, variables
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import put_all_back, still_set
from controlroom.runs.launch import first_view
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.stop import stop_all
from controlroom.runs.store import RunStore
from controlroom.runs.variables import VariablesRun, VariablesSpec
from host.liveness import proof_of
from tests.runs.fakes import FakeTarget
from tests.runs.test_experiment_ends import NOBODY, begun
from tests.waiting import until

WANTED = {"producer-grpc": {"MAX_CALLS": "50", "MAX_RECORDS": "10"}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "POLL", 0.01)
    monkeypatch.setattr(replicas, "POLL", 0.01)


def asked(store: RunStore, spec: VariablesSpec, owner: str = "") -> tuple[RunFolder, RunWriter]:
    folder = store.create()
    folder.write_spec(spec)
    if owner:
        folder.write_owner(owner)
    view = first_view(folder.id, spec)
    folder.write_view(view)
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    return folder, RunWriter(folder, view)


def view_of(folder: RunFolder) -> RunView:
    view = folder.read_view()
    assert view is not None
    return view


async def holding_them(
    store: RunStore, target: FakeTarget, owner: str = ""
) -> tuple[RunFolder, asyncio.Task[None]]:
    spec = VariablesSpec(WANTED)
    folder, run = asked(store, spec, owner)
    task = asyncio.create_task(VariablesRun(run, spec, target).run())
    await until(lambda: view_of(folder).state == "running", "they are set", 30)
    return folder, task


def limits(target: FakeTarget) -> list[str | None]:
    """`MAX_CALLS` of each container."""
    return [one.get("MAX_CALLS") for one in target.variables["producer-grpc"].values()]


async def test_they_are_waited_for_held_and_put_back_container_by_container(
    store: RunStore,
) -> None:
    target = FakeTarget()
    target.slow = 5
    folder, task = await holding_them(store, target)
    assert (target.slow, limits(target)) == (0, ["50", "50"])
    assert variables.former(folder).left()["producer-grpc"]["server"]["MAX_CALLS"] == "7"
    folder.ask_stop()
    await task
    assert (limits(target), still_set(folder)) == ([None, "7"], False)
    assert (view_of(folder).state, view_of(folder).bound) == ("stopped", "put back")


async def test_the_death_of_the_owner_puts_them_back(store: RunStore) -> None:
    target = FakeTarget()
    run, _ = begun(store)
    _, task = await holding_them(store, target, run.folder.id)
    run.folder.write_runner(NOBODY)
    await asyncio.wait_for(task, 30)
    assert limits(target) == [None, "7"]


async def test_a_target_that_is_away_is_asked_until_it_is_back(store: RunStore) -> None:
    target = FakeTarget()
    folder, task = await holding_them(store, target)
    target.away = True
    folder.ask_stop()
    await until(lambda: view_of(folder).state == "stopping", "it wants to put them back", 30)
    assert limits(target) == ["50", "50"]
    target.away = False
    await asyncio.wait_for(task, 30)
    assert (limits(target), still_set(folder)) == ([None, "7"], False)


async def killed(store: RunStore, target: FakeTarget) -> RunFolder:
    """Its process died while it held them."""
    folder, task = await holding_them(store, target)
    task.cancel()
    await asyncio.wait({task})
    folder.write_runner(NOBODY)
    return folder


async def test_the_kill_switch_and_the_next_experiment_put_back_what_the_dead_left(
    store: RunStore,
) -> None:
    target = FakeTarget()
    folder = await killed(store, target)
    assert limits(target) == ["50", "50"]
    assert (await stop_all(store, target)).clean
    assert (limits(target), still_set(folder)) == ([None, "7"], False)
    await killed(store, target)
    assert await put_all_back(store, target) == []
    assert limits(target) == [None, "7"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("BATCHES", "producer-grpc has no setting BATCHES; it has DRAIN_SECONDS, MAX_BODY_BYTES"),
        ("REDIS_PASSWORD", "REDIS_PASSWORD of producer-grpc is a secret"),
        ("MONGO_URL", "MONGO_URL of producer-grpc is an address or a place"),
    ],
)
async def test_what_cannot_be_set_is_refused_by_name_and_nothing_is_changed(
    store: RunStore, name: str, why: str
) -> None:
    target = FakeTarget()
    spec = VariablesSpec({"producer-grpc": {"MAX_CALLS": "50", name: "1"}})
    folder, run = asked(store, spec)
    await VariablesRun(run, spec, target).run()
    view = view_of(folder)
    assert (view.state, limits(target)) == ("failed", [None, "7"])
    assert view.bound.startswith(why)


async def test_pods_that_do_not_get_ready_are_given_up_and_all_is_put_back(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "READY", 0.05)
    target = FakeTarget()
    target.slow = 1_000_000
    folder, run = asked(store, VariablesSpec(WANTED))
    await VariablesRun(run, VariablesSpec(WANTED), target).run()
    view = view_of(folder)
    assert view.bound == "producer-grpc is not ready in 0.05 s: 1 of 2 replaced."
    assert (view.state, limits(target), still_set(folder)) == ("failed", [None, "7"], False)
