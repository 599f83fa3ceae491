"""Chaos on the real stack: what is injected is seen, and is gone afterwards."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx

from controlroom.runs.store import RunStore
from tests.own_stack import OwnStack
from tests.runs.conftest import ended, result_of
from tests.waiting import until

FIELD = Path(__file__).with_name("field")
SCHEDULE = FIELD / "schedule.yaml"
"""Without an end."""


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
    recovery = done["result"]["recovery"]
    assert recovery["back"] is True
    assert recovery["after"]["missing"] <= recovery["before"]["missing"]
    assert recovery["before"]["ready"] > 0
    assert recovery["after"]["lag"] <= recovery["before"]["lag"]
    assert 0 <= recovery["from_removal"] <= recovery["from_injection"]
    assert (recovery["lost"], recovery["doubled"]) == (0, 0)


def test_a_delay_lasts_its_time_and_leaves_no_toxic(stack: OwnStack) -> None:
    words = ("chaos", "run", "network-delay-consumer-mongo", "--duration", "2s", "--yes", "--json")
    done = stack.run(*words).json()
    assert (done["state"], done["bound"]) == ("finished", "fault over")
    fault = done["result"]["fault"]
    assert fault["recovered"] - fault["injected"] >= 1.9
    assert unfinished(stack) == []
    assert not any(link["toxics"] for link in stack.status()["links"])


async def test_the_kill_switch_recovers_what_a_dead_runner_left(stack: OwnStack) -> None:
    run = stack.run("chaos", "run", "pod-failure-consumer", "--yes", "--detach").out.strip()
    folder = RunStore(stack.state / "runs").folder(run)
    await until(lambda: unfinished(stack), "the fault is on")
    proof = folder.read_runner()
    assert proof is not None
    os.kill(proof.pid, signal.SIGKILL)
    assert (await ended(folder)).state == "lost"
    assert unfinished(stack) == ["pod-failure-consumer"]
    assert stack.run("chaos", "stop", "--all", "--json").json()["clean"] is True
    assert unfinished(stack) == []
    await until(lambda: ready(stack, "consumer"), "both consumers are ready again", 40, every=0.5)


def ready(stack: OwnStack, deployment: str, wanted: int | None = None) -> bool:
    """Whether so many pods of a deployment are ready; all of its replicas where none is named."""
    found = next(one for one in stack.status()["deployments"] if one["name"] == deployment)
    return bool(found["ready"] == (found["replicas"] if wanted is None else wanted))


async def test_recovered_means_that_what_queued_meanwhile_is_stored(stack: OwnStack) -> None:
    words = ("--mode", "all", "--duration", "10s", "--yes", "--detach")
    run = stack.run("chaos", "run", "pod-failure-consumer", *words).out.strip()
    folder = RunStore(stack.state / "runs").folder(run)
    await until(lambda: ready(stack, "consumer", 0), "no consumer is left", 60, every=0.2)
    stack.run("run", "-n", "300", "--timeout", "60s")
    view = await ended(folder, 120)
    assert (view.state, view.bound) == ("finished", "fault over")
    recovery = result_of(folder)["recovery"]
    assert recovery["back"] is True
    assert recovery["after"]["lag"] <= recovery["before"]["lag"]
    assert recovery["from_injection"] >= 10
    assert recovery["from_removal"] > 0
    assert (recovery["lost"], recovery["doubled"]) == (0, 0)


def test_stress_hits_what_the_flags_say_and_is_gone_afterwards(stack: OwnStack) -> None:
    flags = ("--duration", "2s", "--target", "reader", "--mode", "fixed", "--value", "1")
    done = stack.run("chaos", "run", "stress-consumer", *flags, "--yes", "--json").json()
    assert (done["state"], done["clean"]) == ("finished", True)
    (target,) = done["chaos"]["targets"]
    assert target.startswith("reader-")
    assert (done["chaos"]["kind"], done["chaos"]["action"]) == ("StressChaos", "cpu+memory")
    assert unfinished(stack) == []


async def test_posted_requests_wait_while_the_fault_is_on(stack: OwnStack) -> None:
    ingress = stack.endpoints()["ingress"].rstrip("/")

    words = ("chaos", "run", str(FIELD / "http.yaml"), "--duration", "60s", "--yes", "--detach")
    stack.run(*words)
    await until(lambda: unfinished(stack) == ["hunt-http"], "it is on", 60)
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.post(f"{ingress}/input", content=b"{}")
    assert answer.status_code < 500
    assert time.monotonic() - began >= 1
    stack.run("chaos", "stop", "--all")
    assert unfinished(stack) == []


async def test_a_workflow_and_a_schedule_run_and_are_cut_off_by_a_flag(stack: OwnStack) -> None:
    shown = stack.run("chaos", "preview", "workflow-slow-and-kill").out
    assert "0s to 20s  slow: 200 ms are added on the links consumer.mongo." in shown
    assert "30s to 40s  kill: 1 pod ended by SIGKILL" in shown
    assert stack.run("chaos", "preview", str(SCHEDULE), check=False).code not in (0, 1)
    before = set(stack.pids("consumer"))
    words = ("chaos", "run", "workflow-slow-and-kill", "--duration", "5s", "--yes", "--json")
    done = stack.run(*words).json()
    assert (done["state"], done["clean"]) == ("finished", True)
    assert done["result"]["fault"]["kind"] == "Workflow"
    assert before - set(stack.pids("consumer"))
    assert not any(link["toxics"] for link in stack.status()["links"])
    detached = ("--duration", "90s", "--yes", "--detach")
    stack.run("chaos", "run", "schedule-pod-kill-consumer", *detached)
    await until(lambda: unfinished(stack) == ["schedule-pod-kill-consumer"], "it is on", 60)
    assert stack.run("chaos", "stop", "--all", "--json").json()["clean"] is True
    assert unfinished(stack) == []


def test_a_kind_of_the_field_is_refused_by_name(stack: OwnStack) -> None:
    for name in ("time",):
        file = str(Path(__file__).with_name("field") / f"{name}.yaml")
        done = stack.run("chaos", "run", file, "--yes", check=False)
        assert done.code not in (0, 1)
        assert f"{name}chaos" in done.err.lower() or name in done.err
        assert "Traceback" not in done.err


def test_without_a_terminal_nobody_confirms(stack: OwnStack) -> None:
    done = stack.run("chaos", "run", "pod-kill-kafka", check=False)
    assert done.code == 4
    assert "hits    1 of 1: kafka" in done.err
    assert unfinished(stack) == []
