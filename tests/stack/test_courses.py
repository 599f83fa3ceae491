"""Schedule and Workflow on tiny pods and on the links to the tests' real stores."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from host.errors import StackError
from stack.faults import reading
from stack.faults.cron import Cron
from stack.faults.kinds.schedule import DURATION, field_of
from stack.local_stack import LocalStack
from stack.pods.pod import Pod
from tests.stack.test_faults import REDIS, TINY, phase
from tests.stack.test_selection import manifest
from tests.waiting import until

Pods = Callable[[], list[Pod]]
KILL = {"action": "pod-kill", "mode": "one", "selector": TINY}
SLOW = {
    "action": "delay", "mode": "all", "selector": TINY, "delay": {"latency": "100ms"},
    "target": REDIS,
}  # fmt: skip


def schedule(duration: str = "4s", **spec: Any) -> dict[str, Any]:
    """A pod is killed every second."""
    body = {"schedule": "@every 1s", "type": "PodChaos", "podChaos": KILL, **spec}
    made = manifest("Schedule", **body)
    made["metadata"]["annotations"] = {DURATION: duration}
    return made


def workflow(*templates: dict[str, Any], entry: str = "all") -> dict[str, Any]:
    """These, from the entry on."""
    return manifest("Workflow", entry=entry, templates=list(templates))


def serial(*children: str, **more: Any) -> dict[str, Any]:
    """The entry."""
    return {"name": "all", "templateType": "Serial", "children": list(children), **more}


def step(name: str, kind: str, deadline: str, **more: Any) -> dict[str, Any]:
    """One template."""
    return {"name": name, "templateType": kind, "deadline": deadline, **more}


def toxics(world: LocalStack) -> list[str]:
    """Links that something is on now."""
    return [link for link, _ in world.links._toxics]


def test_cron_has_the_moments_that_cron_has() -> None:
    at = 1_700_000_000.0  # 2023-11-14 22:13:20, a Tuesday
    assert Cron("@every 20s").moments(at, 60) == [at + 20, at + 40]
    assert Cron("* * * * *").moments(at, 120) == [at + 40, at + 100]
    assert Cron("*/15 * * * * *").moments(at, 41) == [at + 10, at + 25, at + 40]
    assert Cron("14,16 22 * * 2").moments(at, 200) == [at + 40, at + 160]
    assert Cron("15 22 * * 1").moments(at, 200) == []
    assert Cron("15 22 1 * 2").moments(at, 200) == [at + 100], "either day is enough"
    for text in (
        "",
        "* * * *",
        "61 * * * *",
        "a * * * *",
        "*/0 * * * *",
        "@every 1ms",
        "5-1 * * * *",
    ):
        with pytest.raises(ValueError, match=r"needs|known|bounds"):
            Cron(text)
    names = ("PodChaos", "HTTPChaos", "DNSChaos", "JVMChaos", "NetworkChaos", "Schedule")
    found = ["podChaos", "httpChaos", "dnsChaos", "jvmChaos", "networkChaos", "schedule"]
    assert [field_of(name) for name in names] == found


async def test_a_schedule_fires_until_its_end(world: LocalStack, pods: Pods) -> None:
    first = {pod.name for pod in pods()}
    seen = world.faults.preview(schedule(historyLimit=9))
    assert (seen.matched, seen.effect.split()[0]) == (2, "3")
    assert seen.remarks[0].startswith("at 1s  firing: 1 pod ended by SIGKILL")
    assert seen.ends == "It ends by itself after 4s."
    status = await world.faults.inject(schedule(historyLimit=9), "r-1")
    assert (status.kind, status.phase) == ("Schedule", "running")
    await until(lambda: status.targets, "it has fired", 30)
    assert set(status.targets) <= first
    await until(lambda: phase(world, status.id) == "finished", "it ends by itself", 30)
    assert status.recovered is not None
    assert status.recovered - status.created >= 3.9
    fired = status.targets
    assert len(fired) == 3
    await until(lambda: len(pods()) == 2, "both pods are there again", 60)


async def test_forbid_leaves_out_what_would_overlap(world: LocalStack) -> None:
    body = {"type": "NetworkChaos", "networkChaos": {**SLOW, "duration": "3s"}}
    one = manifest("Schedule", schedule="@every 1s", **body)
    one["metadata"]["annotations"] = {DURATION: "5s"}
    assert world.faults.preview(one).effect.startswith("2 steps")
    status = await world.faults.inject(one, "r-1")
    await until(lambda: "Forbid" in status.message, "one is left out", 30)
    await world.faults.recover(status.id)
    assert toxics(world) == []
    one["spec"]["concurrencyPolicy"] = "Allow"
    assert world.faults.preview(one).effect.startswith("4 steps")


async def test_a_workflow_goes_step_by_step_and_leaves_nothing(
    world: LocalStack, pods: Pods
) -> None:
    first = {pod.name for pod in pods()}
    both = {"name": "both", "templateType": "Parallel", "children": ["slow", "kill"]}
    flow = workflow(
        serial("wait", "both"),
        step("wait", "Suspend", "1s"),
        both,
        step("slow", "NetworkChaos", "2s", networkChaos=SLOW),
        step("kill", "PodChaos", "1s", podChaos=KILL),
    )
    seen = world.faults.preview(flow)
    assert [line.split(":")[0] for line in seen.remarks[:3]] == [
        "0s to 1s  wait", "1s to 3s  slow", "1s to 2s  kill",
    ]  # fmt: skip
    began = time.monotonic()
    status = await world.faults.inject(flow, "r-1")
    assert toxics(world) == []
    await until(lambda: toxics(world) == ["tiny.redis"], "the second step is on", 30)
    assert time.monotonic() - began >= 0.9
    await until(lambda: phase(world, status.id) == "finished", "it is over", 30)
    assert toxics(world) == []
    assert len({pod.name for pod in world.pods()} - first) == 1
    assert not status.message


async def test_the_kill_switch_ends_all_steps(world: LocalStack) -> None:
    fall = {"action": "pod-failure", "mode": "all", "selector": TINY}
    flow = workflow(
        {"name": "all", "templateType": "Parallel", "children": ["slow", "fall"]},
        step("slow", "NetworkChaos", "60s", networkChaos=SLOW),
        step("fall", "PodChaos", "60s", podChaos=fall),
    )
    status = await world.faults.inject(flow, "r-1")
    await until(lambda: toxics(world), "it is slow", 30)
    await until(lambda: not any(pod.ready for pod in world.pods()), "nothing is ready", 30)
    assert (await world.faults.recover(status.id)).phase == "finished"
    assert toxics(world) == []
    assert not any(c.holders for pod in world.pods() for c in pod.containers)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule": "hourly"}, "spec.schedule"),
        ({"type": "IOChaos", "ioChaos": {}}, "IOChaos"),
        ({"type": "Workflow"}, "Workflow"),
        ({"concurrencyPolicy": "Replace"}, "spec.concurrencyPolicy"),
        ({"historyLimit": 0}, "spec.historyLimit"),
        ({"startingDeadlineSeconds": 3}, "spec.startingDeadlineSeconds"),
        ({"podChaos": {**KILL, "action": "explode"}}, "spec.podChaos.action"),
        ({"podChaos": {**KILL, "action": "pod-failure"}}, "spec.podChaos.duration"),
    ],
)
def test_what_a_schedule_cannot_do_is_refused_by_its_field(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(StackError, match=field.replace(".", r"\.")):
        reading.fault(schedule(**change), "here")


@pytest.mark.parametrize(
    ("templates", "field"),
    [
        ([serial("none")], r"spec\.templates\[0\]\.children\[0\]"),
        ([serial("all")], "holds itself"),
        ([serial()], r"spec\.templates\[0\]\.children"),
        ([serial("x"), step("x", "Task", "1s")], "Task is not done"),
        ([serial("x"), step("x", "StatusCheck", "1s")], "StatusCheck is not done"),
        ([serial("x"), step("x", "TimeChaos", "1s", timeChaos={})], "TimeChaos"),
        ([serial("x"), {"name": "x", "templateType": "Suspend"}], r"\[1\]\.deadline"),
        ([serial("x", conditionalBranches=[]), step("x", "Suspend", "1s")], "conditionalBranches"),
        (
            [serial("x"), step("x", "PodChaos", "1s", podChaos={**KILL, "duration": "1s"})],
            r"podChaos\.duration",
        ),
        ([serial("x"), step("x", "Suspend", "1h")], "at most 10m"),
    ],
)
def test_what_a_workflow_cannot_do_is_refused_by_its_field(
    templates: list[dict[str, Any]], field: str
) -> None:
    with pytest.raises(StackError, match=field):
        reading.fault(workflow(*templates), "here")
