"""Watches on a real API server: what they hold, and what they survive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.targets.abilities import Denied, Refused, Unreachable
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.mirror import Mirror
from controlroom.targets.kubernetes.resources import DEPLOYMENTS, PODS, SCALED_OBJECTS
from controlroom.targets.kubernetes.target import KubernetesTarget
from tests.ports import free_port
from tests.relay import relay
from tests.targets.control_plane import CONTEXT, TOKEN, ControlPlane
from tests.targets.objects import make_deployment, make_pod, pod
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


class Watched:
    """A mirror that runs."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.changes = 0
        self.mirror = Mirror(api, PODS, namespace, self._changed)
        self.task = asyncio.create_task(self.mirror.run())

    def _changed(self) -> None:
        self.changes += 1

    def names(self) -> set[str]:
        return {one["metadata"]["name"] for one in self.mirror.objects}


@pytest.fixture
async def pods(api: Api, namespace: str) -> AsyncIterator[Watched]:
    watched = Watched(api, namespace)
    await watched.mirror.settled.wait()
    yield watched
    watched.task.cancel()


async def test_a_watch_follows_what_comes_and_goes(api: Api, namespace: str, pods: Watched) -> None:
    await make_pod(api, namespace, "one", "web")
    await make_pod(api, namespace, "two", "web")
    await until(lambda: pods.names() == {"one", "two"}, "both pods seen")
    await api.delete(PODS.path(namespace, "one"))
    await until(lambda: pods.names() == {"two"}, "the deletion seen")
    assert (pods.mirror.lists, pods.mirror.watches) == (1, 1)


async def test_fleet_of_real_objects(
    plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_deployment(api, namespace, "web", ready=1, replicas=2)
    await make_pod(api, namespace, "web-1", "web")
    broken = {
        "phase": "Pending",
        "containerStatuses": [
            {
                "name": "main", "ready": False, "restartCount": 7, "image": "x", "imageID": "",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
            }
        ],
    }  # fmt: skip
    await make_pod(api, namespace, "web-2", "web", broken)
    target = KubernetesTarget(CONTEXT, namespace)
    try:
        seen = await target.fleet()
    finally:
        await target.close()
    (web,) = seen.deployments
    assert (web.name, web.ready, web.replicas, web.restarts) == ("web", 1, 2, 10)
    good, bad = seen.pods
    assert good.ready
    assert good.deployment == "web"
    assert (bad.phase, bad.message) == (
        "CrashLoopBackOff", "main CrashLoopBackOff: back-off 10s",
    )  # fmt: skip
    assert seen.notes == ()


async def test_a_kind_that_is_not_served_is_absent(api: Api, namespace: str) -> None:
    mirror = Mirror(api, SCALED_OBJECTS, namespace, lambda: None)
    task = asyncio.create_task(mirror.run())
    await mirror.settled.wait()
    assert mirror.state == "absent"
    task.cancel()


async def test_many_pods_come_in_pages(api: Api, namespace: str) -> None:
    from controlroom.targets.kubernetes import mirror as module

    await asyncio.gather(
        *(api.create(PODS.path(namespace), pod(f"p-{n}", "web")) for n in range(25))
    )
    whole, module.PAGE = module.PAGE, "10"
    try:
        watched = Watched(api, namespace)
        await watched.mirror.settled.wait()
        assert len(watched.names()) == 25
        assert watched.mirror.lists == 3
        watched.task.cancel()
    finally:
        module.PAGE = whole


async def test_a_right_that_is_missing_is_named(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane.kubectl("create", "serviceaccount", "nobody", "-n", namespace)
    token = plane.kubectl("create", "token", "nobody", "-n", namespace).strip()
    own = plane.write_kubeconfig(tmp_path / "config", token, namespace)
    monkeypatch.setenv("KUBECONFIG", str(own))
    target = KubernetesTarget(CONTEXT)
    try:
        with pytest.raises(Denied, match=r"lacks the verb list on deployments\.apps") as refused:
            await target.fleet()
        assert f"in namespace {namespace}" in str(refused.value)
        assert "k8s/components/rbac" in refused.value.fix
    finally:
        await target.close()


async def test_a_token_that_ran_out_is_read_anew(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = plane.write_kubeconfig(tmp_path / "config", "worn-out", namespace)
    monkeypatch.setenv("KUBECONFIG", str(own))
    api = Api(CONTEXT)
    try:
        with pytest.raises(Denied, match="401"):
            await api.get(PODS.path(namespace))
        plane.write_kubeconfig(own, TOKEN, namespace)
        assert (await api.get(PODS.path(namespace)))["items"] == []
    finally:
        await api.close()


async def test_the_kubeconfig_is_never_written(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = plane.write_kubeconfig(tmp_path / "config", TOKEN, namespace)
    own.chmod(0o400)
    before = own.read_bytes()
    monkeypatch.setenv("KUBECONFIG", str(own))
    target = KubernetesTarget(CONTEXT)
    try:
        await target.fleet()
    finally:
        await target.close()
    assert own.read_bytes() == before


def make_unready(plane: ControlPlane, name: str) -> None:
    """A pod that nobody has given a status, made past everything that a test holds."""
    given = json.dumps(pod(name, "web"))
    plane.kubectl("create", "-n", "default", "-f", "-", stdin=given)


@pytest.fixture
def by_link(
    own_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractAsyncContextManager[object]]:
    """The way to `own_plane`, there while its block runs."""
    port = free_port()
    path = replace(own_plane, port=port).write_kubeconfig(tmp_path / "by-link", TOKEN, "default")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return lambda: relay(port, own_plane.port)


async def test_a_watch_resumes_where_it_stood_and_lists_anew_when_it_is_too_old(
    own_plane: ControlPlane, by_link: Callable[[], AbstractAsyncContextManager[object]]
) -> None:
    api = Api(CONTEXT)
    async with by_link():
        watched = Watched(api, "default")
        await watched.mirror.settled.wait()
    try:
        await until(lambda: watched.mirror.state == "away", "the loss noticed")
        make_unready(own_plane, "missed")
        async with by_link():
            await until(lambda: watched.names() == {"missed"}, "resumed", timeout=60)
        assert watched.mirror.lists == 1

        await until(lambda: watched.mirror.state == "away", "the loss noticed again")
        make_unready(own_plane, "forgotten")
        own_plane.stop_apiserver()
        await asyncio.to_thread(own_plane.start_apiserver)
        own_plane.compact()
        async with by_link():
            names = {"missed", "forgotten"}
            await until(lambda: watched.names() == names, "caught up", timeout=60)
            assert watched.mirror.lists == 2
    finally:
        watched.task.cancel()
        await api.close()


async def test_the_fleet_is_back_after_a_restart_of_the_server(
    own_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(own_plane.kubeconfig))
    target = KubernetesTarget(CONTEXT, "default")
    try:
        await target.fleet()
        own_plane.stop_apiserver()
        await until(lambda: _is_away(target), "the loss noticed")
        own_plane.start_apiserver()
        make_unready(own_plane, "after")
        await until(lambda: _shows(target, "after"), "the fleet is back", timeout=60)
    finally:
        await target.close()


async def _is_away(target: KubernetesTarget) -> bool:
    try:
        await target.fleet()
    except Unreachable as error:
        return "cannot be reached" in str(error)
    return False


async def _shows(target: KubernetesTarget, pod: str) -> bool:
    try:
        return pod in {one.name for one in (await target.fleet()).pods}
    except Unreachable:
        return False


async def test_a_gone_revision_is_listed_anew(api: Api, namespace: str) -> None:
    await make_pod(api, namespace, "one", "web")
    watched = Watched(api, namespace)
    await watched.mirror.settled.wait()
    watched.task.cancel()
    await asyncio.gather(watched.task, return_exceptions=True)
    watched.mirror._version = "1"
    again = asyncio.create_task(watched.mirror.run())
    await make_pod(api, namespace, "two", "web")
    await until(lambda: watched.names() == {"one", "two"}, "caught up")
    assert watched.mirror.state == "live"
    again.cancel()


async def test_scaling_keeps_to_the_autoscalers_bounds(
    plane: ControlPlane, api: Api, namespace: str
) -> None:
    await make_deployment(api, namespace, "web", ready=2, replicas=2)
    plane.kubectl("autoscale", "deployment/web", "--min=2", "--max=5", "-n", namespace)
    target = KubernetesTarget(CONTEXT, namespace)
    try:
        with pytest.raises(Refused, match="between 2 and 5"):
            await target.scale("web", 9)
        await target.scale("web", 4)
        await target.restart("web")
        found = await api.get(DEPLOYMENTS.path(namespace, "web"))
        assert found["spec"]["replicas"] == 4
        assert found["spec"]["template"]["metadata"]["annotations"]
    finally:
        await target.close()
