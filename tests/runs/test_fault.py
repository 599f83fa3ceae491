"""Chaos runs and the kill switch."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from controlroom.model.run import RunView
from controlroom.runs import fault, stop
from controlroom.runs.catalog import chaos_dir
from controlroom.runs.fault import FaultRun
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import first_view
from controlroom.runs.manifest import bounded, read_chaos
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec
from controlroom.runs.stop import stop_all, stop_fault
from controlroom.runs.store import RunStore
from host.liveness import Proof, proof_of
from tests.runs.conftest import result_of
from tests.runs.fakes import FakeTarget
from tests.waiting import until


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "VERIFY_TIME", 1.0)
    monkeypatch.setattr(fault, "OVERDUE", 0.3)
    monkeypatch.setattr(fault, "POLL", 0.02)
    monkeypatch.setattr(stop, "VERIFY", 1.0)


def delay(run_for: float = 0.3) -> ChaosSpec:
    """A fault that lasts."""
    return bounded(read_chaos(chaos_dir() / "network-delay-consumer-mongo.yaml"), 60, run_for)


def kill() -> ChaosSpec:
    """A fault that is over at once."""
    return bounded(read_chaos(chaos_dir() / "pod-kill-consumer.yaml"), 60)


def asked(store: RunStore, spec: ChaosSpec) -> RunFolder:
    """A run that this very process conducts."""
    folder = store.create()
    folder.write_spec(spec)
    folder.write_view(first_view(folder.id, spec))
    proof = proof_of()
    assert proof is not None
    folder.write_runner(replace(proof))
    return folder


async def conducted(folder: RunFolder, target: FakeTarget) -> RunView:
    """Conducts the run to its end."""
    spec = folder.read_spec()
    view = folder.read_view()
    assert isinstance(spec, ChaosSpec)
    assert view is not None
    await FaultRun(RunWriter(folder, view), spec, target).run()
    last = folder.read_view()
    assert last is not None
    return last


async def test_a_fault_counts_down_and_is_verified_to_be_over(store: RunStore) -> None:
    target = FakeTarget()
    folder = asked(store, delay())
    view = await conducted(folder, target)
    assert (view.state, view.bound) == ("finished", "fault over")
    assert view.chaos is not None
    assert view.chaos.recovered
    assert view.chaos.targets == ("consumer-a",)
    assert view.ended is not None
    assert view.ends_at is not None
    assert view.ended >= view.ends_at
    assert target.asked == []
    assert result_of(folder)["clean"] is True
    states = [e["state"] for e in folder.journal.entries() if e["event"] == "state"]
    assert states == ["running", "stopping", "finished"]


async def test_the_object_carries_run_and_manager(store: RunStore) -> None:
    target = FakeTarget()
    seen: list[Any] = []
    inject = target.inject

    async def noted(manifest: Any, run: str) -> Any:
        seen.append(manifest)
        return await inject(manifest, run)

    target.inject = noted  # type: ignore[method-assign]
    await conducted(asked(store, kill()), target)
    assert seen[0]["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "controlroom",
        "controlroom/run": "r-0001",
    }


async def test_a_stop_recovers_at_once(store: RunStore) -> None:
    target = FakeTarget()
    folder = asked(store, delay(30))
    work = asyncio.create_task(conducted(folder, target))
    await until(lambda: target.held, "the fault is injected")
    folder.ask_stop()
    view = await work
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert target.asked == ["f-1"]


async def test_a_refusal_is_the_reason(store: RunStore) -> None:
    target = FakeTarget()
    target.refuses = "One of two pods cannot be delayed."
    folder = asked(store, delay())
    view = await conducted(folder, target)
    assert (view.state, view.bound) == ("failed", "One of two pods cannot be delayed.")
    assert result_of(folder)["clean"] is True


async def test_what_cannot_be_recovered_may_still_be_injected(store: RunStore) -> None:
    target = FakeTarget()
    target.sticky = True
    folder = asked(store, delay())
    view = await conducted(folder, target)
    assert view.state == "failed"
    assert view.bound.startswith("may still be injected")
    assert target.asked
    assert result_of(folder)["clean"] is False
    assert view.chaos is not None
    assert not view.chaos.recovered


async def test_a_target_that_goes_away_leaves_it_unverified(store: RunStore) -> None:
    target = FakeTarget()
    folder = asked(store, delay())
    work = asyncio.create_task(conducted(folder, target))
    await until(lambda: target.held, "the fault is injected")
    target.away = True
    view = await work
    assert view.state == "failed"
    assert "may still be injected" in view.bound
    assert "does not answer" in view.bound


async def test_an_answer_lost_while_injecting_is_looked_after(store: RunStore) -> None:
    target = FakeTarget()
    target.dies_while_injecting = True
    folder = asked(store, delay(30))
    view = await conducted(folder, target)
    assert target.asked == ["f-1"]
    assert target.held["f-1"].phase == "finished"
    assert view.state == "failed"
    assert "hung up" in view.bound
    assert result_of(folder)["clean"] is True


async def test_the_kill_switch_works_when_the_runner_is_dead(store: RunStore) -> None:
    target = FakeTarget()
    folder = asked(store, delay(60))
    await target.inject(delay(60).manifest, folder.id)
    folder.write_runner(Proof(2**22 - 1, 0.0))
    view = folder.read_view()
    assert view is not None
    assert view.state == "lost"
    done = await stop_all(store, target)
    assert done.clean
    assert done.faults == ("f-1",)
    assert target.held["f-1"].phase == "finished"
    again = await stop_all(store, target)
    assert (again.clean, again.faults) == (True, ())


async def test_the_kill_switch_ends_runs_and_says_what_is_left(store: RunStore) -> None:
    target = FakeTarget()
    target.sticky = True
    folder = asked(store, delay(60))
    work = asyncio.create_task(conducted(folder, target))
    await until(lambda: target.held, "the fault is injected")
    done = await stop_all(store, target)
    await work
    assert done.runs == (folder.id,)
    assert not done.clean
    assert "f-1" in done.sentence()


async def test_the_kill_switch_is_not_sure_while_the_target_is_away(store: RunStore) -> None:
    target = FakeTarget()
    target.away = True
    assert (await stop_all(store, target)).clean
    folder = asked(store, delay(60))
    folder.write_view(replace(first_view(folder.id, delay(60)), started=time.time()))
    folder.write_runner(Proof(2**22 - 1, 0.0))
    assert not (await stop_all(store, target)).clean


async def test_one_fault_is_stopped_by_its_run_or_its_own_id(store: RunStore) -> None:
    target = FakeTarget()
    await target.inject(delay(60).manifest, "r-0001")
    await target.inject(delay(60).manifest, "r-0002")
    done = await stop_fault(store, target, "f-2")
    assert done.faults == ("f-2",)
    assert target.held["f-1"].phase == "running"
