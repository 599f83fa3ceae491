"""Chaos on the real stack: what is injected is seen, and is gone afterwards."""

from __future__ import annotations

import os
import signal

import pytest

from controlroom.runs.store import Store
from tests.own_stack import OwnStack
from tests.runs.conftest import ended
from tests.waiting import until

pytestmark = pytest.mark.stack


def unfinished(stack: OwnStack) -> list[str]:
    """Faults that are on."""
    faults = stack.run("chaos", "status", "--json").json()
    return [fault["name"] for fault in faults if fault["phase"] != "finished"]


def test_a_killed_consumer_is_another_process_afterwards(stack: OwnStack) -> None:
    before = set(stack.pids("consumer"))
    done = stack.run("chaos", "run", "pod-kill-consumer", "--yes", "--json").json()
    assert (done["state"], done["clean"]) == ("finished", True)
    assert len(done["chaos"]["targets"]) == 1
    assert len(before - set(stack.pids("consumer"))) == 1


def test_a_delay_lasts_its_time_and_leaves_no_toxic(stack: OwnStack) -> None:
    words = ("chaos", "run", "network-delay-consumer-mongo", "--run-for", "2s", "--yes", "--json")
    done = stack.run(*words).json()
    assert (done["state"], done["bound"]) == ("finished", "fault over")
    fault = done["result"]["fault"]
    assert fault["recovered"] - fault["injected"] >= 1.9
    assert unfinished(stack) == []
    assert not any(link["toxics"] for link in stack.status()["links"])


async def test_the_kill_switch_recovers_what_a_dead_runner_left(stack: OwnStack) -> None:
    run = stack.run("chaos", "run", "pod-failure-consumer", "--yes", "--detach").out.strip()
    folder = Store(stack.state / "runs").folder(run)
    await until(lambda: unfinished(stack), "the fault is on")
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"
    assert unfinished(stack) == ["pod-failure-consumer"]
    assert stack.run("chaos", "stop", "--all", "--json").json()["clean"] is True
    assert unfinished(stack) == []
    await until(lambda: ready(stack, "consumer"), "both consumers are ready again", 40, every=0.5)


def ready(stack: OwnStack, deployment: str) -> bool:
    """Whether all replicas of a deployment are ready."""
    found = next(one for one in stack.status()["deployments"] if one["name"] == deployment)
    return bool(found["ready"] == found["replicas"])


def test_without_a_terminal_nobody_confirms(stack: OwnStack) -> None:
    done = stack.run("chaos", "run", "pod-kill-kafka", check=False)
    assert done.code == 4
    assert "hits    1 of 1: kafka" in done.err
    assert unfinished(stack) == []
