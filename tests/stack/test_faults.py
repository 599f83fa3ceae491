"""Faults on tiny pods and on the links to the tests' real stores."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from host.errors import StackError
from stack.local_stack import LocalStack
from stack.pods.pod import Pod
from tests.stack.test_selection import manifest
from tests.waiting import until

Pods = Callable[[], list[Pod]]
TINY = {"labelSelectors": {"app.kubernetes.io/name": "tiny"}, "podPhaseSelectors": ["Running"]}
REDIS = {"mode": "all", "selector": {"labelSelectors": {"app.kubernetes.io/name": "redis"}}}


def pod_chaos(action: str, mode: str = "one", **spec: Any) -> dict[str, Any]:
    return manifest("PodChaos", action=action, mode=mode, selector=TINY, **spec)


def to_redis(action: str, duration: str, **spec: Any) -> dict[str, Any]:
    return manifest(
        "NetworkChaos",
        action=action,
        mode="all",
        selector=TINY,
        target=REDIS,
        duration=duration,
        **spec,
    )


def phase(world: LocalStack, fault: str) -> str:
    return next(status.phase for status in world.faults.statuses() if status.id == fault)


async def ping(world: LocalStack, size: int = 1, patience: float = 1) -> float:
    """Seconds for one ECHO of so many bytes through the link of the tiny deployment."""
    client = Redis.from_url(
        world.links.endpoints("tiny")["REDIS_URL"],
        password=world.engines["redis"].secret(),
        socket_timeout=patience,
    )
    try:
        await client.ping()
        began = time.perf_counter()
        await client.echo("x" * size)
        return time.perf_counter() - began
    finally:
        await client.aclose()


async def quick_again(world: LocalStack, size: int = 1, within: float = 0.1) -> None:
    """Returns after an ECHO that took less: a slow one may be the machine, a quick one is proof."""

    async def quick() -> bool:
        return await ping(world, size, patience=30) < within

    await until(quick, f"an ECHO within {within} s")


async def test_pod_kill_replaces_half_of_the_pods(world: LocalStack, pods: Pods) -> None:
    before = {pod.name: pod.pids for pod in pods()}
    chaos = pod_chaos("pod-kill", "fixed-percent", value="50", gracePeriod=0)
    preview = world.faults.preview(chaos)
    assert (preview.matched, preview.hit_count, preview.stays) == (2, 1, 1)
    assert set(preview.hits) == set(before)
    assert {pod.name for pod in pods()} == set(before), "a preview injects nothing"
    status = await world.faults.inject(chaos, "r-1")
    assert status.phase == "finished"
    assert status.run == "r-1"
    (victim,) = status.targets
    assert not any(psutil.pid_exists(pid) for pid in before[victim])
    await until(lambda: len(pods()) == 2, "the pod is replaced")
    assert set(before) - {pod.name for pod in pods()} == {victim}


async def test_pod_failure_holds_the_pod_down_until_its_end(world: LocalStack, pods: Pods) -> None:
    status = await world.faults.inject(pod_chaos("pod-failure", duration="2s"), "")
    victim = next(pod for pod in world.pods() if pod.name == status.targets[0])
    assert victim.pids == []
    assert not victim.ready
    assert status.phase == "running"
    await until(lambda: phase(world, status.id) == "finished", "it ends by itself", every=0.02)
    assert status.recovered is not None
    assert status.ends is not None
    assert status.recovered >= status.ends
    await until(lambda: len(pods()) == 2, "the pod is ready again")
    assert victim in world.pods()


async def test_pod_failure_is_recovered_at_once_when_asked(world: LocalStack, pods: Pods) -> None:
    chaos = pod_chaos("pod-failure", "all", duration="10m")
    status = await world.faults.inject(chaos, "")
    assert pods() == []
    assert (await world.faults.recover(status.id)).phase == "finished"
    await until(lambda: len(pods()) == 2, "the pods are ready again")


async def test_container_kill_spares_the_other_container(world: LocalStack, pods: Pods) -> None:
    chaos = pod_chaos("container-kill", "all", containerNames=["side"])
    await world.faults.inject(chaos, "")
    await until(lambda: all(p.containers[1].restarts == 1 for p in world.pods()), "restarted")
    assert all(pod.containers[0].restarts == 0 for pod in world.pods())
    with pytest.raises(StackError, match="nobody"):
        world.faults.preview(pod_chaos("container-kill", containerNames=["nobody"]))


async def test_a_delay_is_measured_and_gone_at_its_end(world: LocalStack) -> None:
    await quick_again(world)
    chaos = to_redis("delay", "6s", delay={"latency": "200ms"}, direction="both")
    status = await world.faults.inject(chaos, "")
    assert await ping(world) >= 0.3
    await until(lambda: phase(world, status.id) == "finished", "it ends by itself")
    await quick_again(world)
    assert all(not link["toxics"] for link in await world.links.status())


async def test_a_partition_lets_nothing_through(world: LocalStack) -> None:
    status = await world.faults.inject(to_redis("partition", "1m", direction="both"), "")
    with pytest.raises(RedisError):
        await ping(world)
    await world.faults.recover(status.id)
    await quick_again(world)


async def test_a_loss_resets_connections_at_random(world: LocalStack) -> None:
    status = await world.faults.inject(to_redis("loss", "1m", loss={"loss": "50"}), "")
    answers = {True: 0, False: 0}
    while not all(answers.values()):
        try:
            await ping(world)
            answers[True] += 1
        except RedisError:
            answers[False] += 1
    await world.faults.recover(status.id)
    await quick_again(world)


async def test_a_narrow_link_takes_its_time(world: LocalStack) -> None:
    narrow = {"rate": "800kbit", "limit": 1, "buffer": 1}
    status = await world.faults.inject(to_redis("bandwidth", "1m", bandwidth=narrow), "")
    assert await ping(world, size=100_000, patience=30) >= 0.8
    await world.faults.recover(status.id)
    await quick_again(world, size=100_000, within=0.5)
    for rate, bytes_per_second in (("1mbit", 125_000), ("1mbps", 10**6), ("64bps", 64)):
        wanted = to_redis("bandwidth", "1m", bandwidth=narrow | {"rate": rate})
        assert f"{bytes_per_second / 1000:g} kB/s" in world.faults.preview(wanted).effect


async def test_a_fault_outlives_a_killed_toxiproxy(world: LocalStack) -> None:
    chaos = to_redis("delay", "1m", delay={"latency": "100ms"}, direction="both")
    status = await world.faults.inject(chaos, "")
    supervisor = world.supervisors["toxiproxy"]
    pid = supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(
        lambda: supervisor.pid not in (None, pid) and supervisor.serving.is_set(), "it is back"
    )
    assert await ping(world) >= 0.2
    await world.faults.recover(status.id)
    await quick_again(world)


async def test_what_the_links_cannot_do_is_refused(world: LocalStack) -> None:
    only_one = manifest(
        "NetworkChaos",
        action="partition",
        mode="one",
        selector=TINY,
        target=REDIS,
        duration="5s",
    )
    to_itself = to_redis("partition", "5s") | {}
    to_itself["spec"] = {**to_itself["spec"], "target": {"mode": "all", "selector": TINY}}
    kafka = {"mode": "all", "selector": {"labelSelectors": {"app.kubernetes.io/name": "kafka"}}}
    to_kafka = to_redis("partition", "5s")
    to_kafka["spec"] = {**to_kafka["spec"], "target": kafka}
    nobody = manifest(
        "PodChaos", action="pod-kill", mode="all", selector={"labelSelectors": {"app": "x"}}
    )
    engine = manifest("PodChaos", action="pod-kill", mode="all", selector=REDIS["selector"])
    for chaos, reason in (
        (only_one, "All pods of a deployment share its links"),
        (to_itself, "no link"),
        (to_kafka, "given by address"),
        (nobody, "matches no pod"),
        (engine, "given by its address"),
    ):
        with pytest.raises(StackError, match=reason) as caught:
            await world.faults.inject(chaos, "")
        assert caught.value.kind == "refused"
    assert world.faults.statuses() == []


async def test_nothing_means_engines_unless_it_names_them(world: LocalStack) -> None:
    all_pods = manifest("PodChaos", action="pod-kill", mode="all", selector={})
    assert world.faults.preview(all_pods).matched == 2
