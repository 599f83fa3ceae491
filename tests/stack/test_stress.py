"""StressChaos on tiny pods: real workers, bounded in number, size and time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import psutil
import pytest

from host.errors import StackError
from stack.faults.kinds import stress
from stack.faults.stress import machine
from stack.faults.stress.workers import Work, Workers
from stack.local_stack import LocalStack
from tests.stack.test_faults import TINY, phase
from tests.stack.test_selection import manifest
from tests.waiting import until

pytestmark = pytest.mark.processes

SIZE = 48 << 20


def stress_chaos(duration: str = "60s", **stressors: Any) -> dict[str, Any]:
    return manifest(
        "StressChaos", mode="one", selector=TINY, duration=duration, stressors=stressors
    )


def workers() -> list[psutil.Process]:
    """Workers that this process has started."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if any(word.endswith("stress/worker.py") for word in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]


async def test_a_worker_uses_a_core_until_it_is_recovered(world: LocalStack) -> None:
    chaos = stress_chaos(cpu={"workers": 1, "load": 100})
    preview = world.faults.preview(chaos)
    assert (preview.matched, preview.hit_count) == (2, 1)
    assert "1 worker use 100 % of a core" in preview.effect
    assert "compete with everything" in preview.remarks[0]
    assert workers() == []
    status = await world.faults.inject(chaos, "r-1")
    assert (status.kind, status.action, status.phase) == ("StressChaos", "cpu", "running")
    (worker,) = workers()
    await until(lambda: worker.cpu_times().user > 0.5, "it burns CPU time", 60)
    assert (await world.faults.recover(status.id)).phase == "finished"
    assert workers() == []


async def test_half_a_core_leaves_the_other_half(world: LocalStack) -> None:
    status = await world.faults.inject(stress_chaos(cpu={"workers": 1, "load": 20}), "")
    (worker,) = workers()
    began, used = time.monotonic(), worker.cpu_times().user
    await until(lambda: worker.cpu_times().user - used > 0.4, "it burns CPU time", 60)
    assert (worker.cpu_times().user - used) / (time.monotonic() - began) < 0.5
    await world.faults.recover(status.id)


async def test_memory_is_really_held_and_given_back_at_the_end(world: LocalStack) -> None:
    chaos = stress_chaos("3s", memory={"workers": 2, "size": f"{SIZE >> 20}MB"})
    if machine.cores() < 2:
        pytest.skip("two workers want two cores")
    status = await world.faults.inject(chaos, "")
    assert sum(one.memory_info().rss for one in workers()) >= SIZE
    await until(lambda: phase(world, status.id) == "finished", "it ends by itself")
    assert workers() == []


async def test_a_worker_that_was_ended_is_started_again(world: LocalStack) -> None:
    status = await world.faults.inject(stress_chaos(cpu={"workers": 1, "load": 10}), "")
    (first,) = workers()
    first.kill()
    await until(lambda: [w.pid for w in workers()] not in ([], [first.pid]), "another one", 30)
    await world.faults.recover(status.id)
    assert workers() == []


async def test_more_than_the_machine_has_is_refused(
    world: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores = machine.cores()
    for stressors, reason in (
        ({"cpu": {"workers": cores + 1}}, f"has {cores} cores"),
        ({"memory": {"workers": 1, "size": "100%"}}, "without danger to the machine"),
        ({"cpu": {"workers": 1, "load": 101}}, "1 to 100"),
        ({"memory": {"workers": 1, "size": "much"}}, "256MB"),
        ({"disk": {}}, "does not know this field"),
        ({}, "neither cpu nor memory"),
    ):
        with pytest.raises(StackError, match=reason) as caught:
            await world.faults.inject(stress_chaos(**stressors), "")
        assert caught.value.kind == "refused"
        assert caught.value.fix
    monkeypatch.setattr(stress, "free_memory", lambda: stress.SPARED + (8 << 20))
    with pytest.raises(StackError, match="at most 8 MiB"):
        world.faults.preview(stress_chaos(memory={"workers": 1, "size": "9MB"}))
    assert world.faults.preview(stress_chaos(memory={"workers": 1, "size": "8MB"})).hit_count == 1
    assert workers() == []


async def test_one_that_cannot_start_leaves_none_behind() -> None:
    crew = Workers([Work("memory", 1 << 50), Work("cpu", 5)])
    with pytest.raises(StackError, match="did not start"):
        await crew.start(time.monotonic() + 60)
    await until(lambda: len(crew.pids) == 1, "the one is gone and the other one is known", 30)
    await crew.end()
    assert crew.pids == []
    assert workers() == []


PARENT = """
import asyncio, time
from stack.faults.stress.workers import Work, Workers

async def main():
    workers = Workers([Work("cpu", 5)])
    await workers.start(time.monotonic() + float(SECONDS))
    print(*workers.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("ended_by", ["the death of the stack", "its own end"])
async def test_a_worker_outlives_nothing(ended_by: str) -> None:
    seconds = "600" if ended_by == "the death of the stack" else "1"
    code = PARENT.replace("SECONDS", repr(seconds))
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            assert parent.stdout is not None
            worker = psutil.Process(int(parent.stdout.readline()))
            if seconds == "600":
                os.kill(parent.pid, signal.SIGKILL)
            await until(lambda: _gone(worker), f"ended by {ended_by}", 30)
        finally:
            parent.kill()


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
