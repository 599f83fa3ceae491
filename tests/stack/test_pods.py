"""Pods as a node runs them: probes, restarts, rollouts, scaling, Services."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import psutil
import pytest

from host.errors import StackError
from stack.engines.haproxy import Haproxy
from stack.local_stack import LocalStack
from stack.pods.pod import Pod
from tests.waiting import until

Pods = Callable[[], list[Pod]]


def switch(world: LocalStack, name: str) -> Path:
    """The file whose presence turns a probe bad."""
    return world.config.state / "switches" / name


async def seen(http: httpx.AsyncClient, url: str, times: int = 30) -> dict[str, int]:
    """How often each pod answered; a failed request counts under its status."""
    counts: dict[str, int] = {}
    for _ in range(times):
        answer = await http.get(url)
        name = answer.json()["pod"] if answer.status_code == 200 else str(answer.status_code)
        counts[name] = counts.get(name, 0) + 1
    return counts


async def no_request_reaches(world: LocalStack, pods: Iterable[Pod]) -> bool:
    """Whether haproxy has stopped these servers, or forgotten them."""
    told = await world.engines.own(Haproxy).ask("show servers state tiny.http")
    # be_id be_name srv_id srv_name srv_addr srv_op_state ..., the state 0 is `stopped`
    states = {row[3]: row[5] for line in told.splitlines() if len(row := line.split()) > 5}
    return all(states.get(pod.name, "0") == "0" for pod in pods)


async def test_a_pod_gets_what_its_manifest_promises(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    pod = pods()[0]
    port = pod.containers[0].ports["http"]
    env = (await http.get(f"http://127.0.0.1:{port}/")).json()["env"]
    assert env["POD_NAME"] == pod.name
    assert env["HTTP_PORT"] == str(port)
    assert env["ADMIN_PORT"] == str(pod.containers[0].ports["admin"])
    assert env["LEDGER_DIR"] == str(world.config.state / "volumes" / "ledger" / "deep")
    assert env["SCRATCH"] == str(world.config.state / "pods" / pod.name / "tmp")
    assert env["SCENARIO"] == "bands"
    assert env["REDIS_URL"] != os.environ["CONTROLROOM_REDIS_URL"]


async def test_a_dead_container_is_restarted_in_its_pod(world: LocalStack, pods: Pods) -> None:
    pod = pods()[0]
    main = pod.containers[0]
    before = main.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: main.pid not in (None, before) and pod.ready, "the container is back")
    assert main.restarts == 1
    assert pod.containers[1].restarts == 0
    assert pod in world.pods()


async def test_a_pod_that_is_not_ready_gets_no_requests(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    first, second = pods()
    url = f"http://127.0.0.1:{world.balancer.ingress_port}/"
    assert set(await seen(http, url)) == {first.name, second.name}
    bad = switch(world, f"readyz.{first.name}")
    bad.touch()
    await until(lambda: not first.ready, "the pod is not ready")
    await until(lambda: world.balancer.idle, "haproxy knows it")
    assert set(await seen(http, url)) == {second.name}
    assert first.restarts == 0
    bad.unlink()
    await until(lambda: first.ready, "the pod is ready again")
    await until(lambda: world.balancer.idle, "haproxy knows it")
    assert set(await seen(http, url)) == {first.name, second.name}


async def test_without_a_ready_pod_clients_are_told_when_to_come_again(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    switch(world, "readyz").touch()
    await until(lambda: not pods() and world.balancer.idle, "nobody is ready")
    answer = await http.get(f"http://127.0.0.1:{world.balancer.ingress_port}/")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_instance")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_container_that_is_not_alive_is_restarted(world: LocalStack, pods: Pods) -> None:
    pod = pods()[0]
    bad = switch(world, f"livez.{pod.name}")
    bad.touch()
    await until(lambda: pod.containers[0].restarts == 1, "it was restarted")
    bad.unlink()
    await until(lambda: pod.ready, "it is ready again")


async def test_a_deleted_pod_is_replaced_under_another_name(world: LocalStack, pods: Pods) -> None:
    victim, other = pods()
    pids = victim.pids
    await world.controllers["tiny"].delete(victim, 1.0)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not world.config.state.joinpath("pods", victim.name).exists()
    await until(lambda: len(pods()) == 2, "another pod is ready")
    assert victim.name not in {pod.name for pod in world.pods()}
    assert other in world.pods()


async def test_a_request_in_flight_is_answered_by_a_pod_that_is_deleted(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    hold, victims = switch(world, "hold"), pods()
    hold.touch()
    url = f"http://127.0.0.1:{world.balancer.ingress_port}/"
    asked = [asyncio.create_task(http.get(url)) for _ in victims]
    for victim in victims:
        await until(switch(world, f"held.{victim.name}").exists, f"{victim.name} has a request")
    controller = world.controllers["tiny"]
    ends = [asyncio.create_task(controller.delete(victim)) for victim in victims]
    await until(lambda: no_request_reaches(world, victims), "they have left the Service")
    hold.unlink()
    answers = await asyncio.gather(*asked)
    assert {answer.json()["pod"] for answer in answers} == {pod.name for pod in victims}
    await asyncio.gather(*ends)


async def test_a_rollout_never_has_fewer_ready_pods(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    controller = world.controllers["tiny"]
    old = {pod.name for pod in pods()}
    controller.restart()
    url = f"http://127.0.0.1:{world.balancer.ingress_port}/"
    counts: dict[str, int] = {}
    while old & {pod.name for pod in controller.living} or len(pods()) < 2:
        assert len(pods()) >= 2
        assert len(controller.living) <= 3
        for name, count in (await seen(http, url, 5)).items():
            counts[name] = counts.get(name, 0) + count
    assert not {name for name in counts if name.isdigit()}, counts
    assert not old & {pod.name for pod in pods()}


async def test_scaling_2_5_2_keeps_the_bounds(world: LocalStack, pods: Pods) -> None:
    world.scale("tiny", 5)
    await until(lambda: len(pods()) == 5, "five pods are ready")
    oldest = {pod.name for pod in sorted(pods(), key=lambda pod: pod.started)[:2]}
    world.scale("tiny", 2)
    await until(lambda: len(list(world.pods())) == 2, "two pods are left")
    assert {pod.name for pod in pods()} == oldest
    for bad in (1, 6):
        with pytest.raises(StackError, match="2 to 5 replicas") as caught:
            world.scale("tiny", bad)
        assert caught.value.kind == "refused"


async def test_paths_lead_to_the_service_that_the_ingress_names(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    base = f"http://127.0.0.1:{world.balancer.ingress_port}"
    sides = {str(pod.containers[1].ports["side"]) for pod in pods()}
    for path, to_side in {"/side": True, "/side/x?y=1": True, "/sidecar": False}.items():
        answer = (await http.get(base + path)).json()
        assert answer["path"] == path
        assert (answer["env"]["HTTP_PORT"] in sides) is to_side


async def test_a_killed_balancer_comes_back_with_all_servers(
    world: LocalStack, pods: Pods, http: httpx.AsyncClient
) -> None:
    supervisor = world.supervisors["haproxy"]
    before = supervisor.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(
        lambda: supervisor.pid not in (None, before) and supervisor.serving.is_set(), "it is back"
    )
    url = f"http://127.0.0.1:{world.balancer.ingress_port}/"
    assert set(await seen(http, url)) == {pod.name for pod in pods()}
    assert supervisor.restarts == 1
