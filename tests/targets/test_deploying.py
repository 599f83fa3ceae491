"""Deploying to a real API server: what is made, what is kept, and what is taken away."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.targets.abilities import Refused, Unreachable
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.applying import Applier
from controlroom.targets.kubernetes.deploy.copies import COPY_OF
from controlroom.targets.kubernetes.deploy.peers import bridge_secret, calls_across
from controlroom.targets.kubernetes.deploy.readiness import Rollout
from controlroom.targets.kubernetes.deploy.rendering import KUBECTL, Object, render
from controlroom.targets.kubernetes.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    NAMESPACES,
    SECRETS,
    STATEFUL_SETS,
    Resource,
)
from tests.targets.control_plane import CONTEXT, ControlPlane
from tests.targets.objects import IMAGE, deployment, make_pod
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")


@pytest.fixture
def overlay(
    plane: ControlPlane, tmp_path: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Writes an overlay of the project's base for a namespace of the test's own."""
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\nexec {plane.program} kubectl "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv(KUBECTL, str(program))

    def write(*files: str) -> Path:
        folder = tmp_path / "own"
        folder.mkdir(exist_ok=True)
        base = os.path.relpath(Path(__file__).parents[2] / "k8s" / "base", folder)
        for name in files:
            (folder / name).write_text((folder / base / name).read_text())
        lines = [f"namespace: {namespace}", f"resources: [{', '.join(files)}]"]
        (folder / "kustomization.yaml").write_text("\n".join(lines))
        return folder

    return write


async def drawn(api: Api, namespace: str) -> dict[str, dict[str, str]]:
    """Account of the stores -> what its Secret holds."""
    found = (await api.get(SECRETS.path(namespace)))["items"]
    return {one["metadata"]["name"].removeprefix("stores-"): one["data"] for one in found}


async def deployed(api: Api, namespace: str, folder: Path) -> list[Object]:
    return await Applier(api, namespace, folder.name).apply(await render(folder))


async def test_deployed_twice_and_removed_without_a_trace(
    api: Api, namespace: str, overlay: Callable[..., Path]
) -> None:
    await deployed(api, namespace, overlay("config.yaml", "consumer.yaml", "reader.yaml"))
    first = await drawn(api, namespace)
    await deployed(api, namespace, overlay("config.yaml", "consumer.yaml"))
    again = await drawn(api, namespace)
    # the logins of the pods that are there, and those of rooms
    assert sorted(first) == ["consumer", "operator", "reader", "viewer"]
    assert again == {name: first[name] for name in sorted(first) if name != "reader"}
    passwords = [
        data[key] for data in first.values() for key in ("REDIS_PASSWORD", "MONGO_PASSWORD")
    ]
    assert len(set(passwords)) == len(passwords)
    found = await api.get(DEPLOYMENTS.path(namespace))
    assert [one["metadata"]["name"] for one in found["items"]] == ["consumer"]
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign"}}
    await api.create(CONFIG_MAPS.path(namespace), foreign)
    await Applier(api, namespace, "own").remove()
    for resource in (DEPLOYMENTS, SECRETS):
        assert (await api.get(resource.path(namespace)))["items"] == []
    left = (await api.get(CONFIG_MAPS.path(namespace)))["items"]
    assert {one["metadata"]["name"] for one in left} <= {"foreign", "kube-root-ca.crt"}
    assert (await api.get(NAMESPACES.path(name=namespace)))["status"]["phase"] == "Active"
    with pytest.raises(Refused, match="not deployed"):
        await Applier(api, namespace, "own").remove()


async def test_an_api_server_that_restarts_in_the_middle_is_waited_for(
    own_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(own_plane.kubeconfig))
    api, wanted = Api(CONTEXT, insist=60), [deployment(f"web-{n}") for n in range(100)]
    path = DEPLOYMENTS.path("default")
    try:
        applying = asyncio.create_task(Applier(api, "default", "own").apply(wanted))

        async def begun() -> bool:
            return bool((await api.get(path))["items"])

        await until(begun, "the first of them is made", every=0.01)
        own_plane.stop_apiserver()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(applying), 2)
        await asyncio.to_thread(own_plane.start_apiserver)
        assert len(await applying) == 100
        assert len((await api.get(path))["items"]) == 100
    finally:
        await api.close()


async def test_where_nothing_has_ever_answered_it_is_said_at_once(
    own_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(own_plane.kubeconfig))
    own_plane.stop_apiserver()
    api, began = Api(CONTEXT, insist=600), time.monotonic()
    try:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await api.get(DEPLOYMENTS.path("default"))
    finally:
        await api.close()
    assert time.monotonic() - began < 60


async def test_what_belongs_to_somebody_else_is_left_alone(
    api: Api, namespace: str, overlay: Callable[..., Path]
) -> None:
    await api.create(DEPLOYMENTS.path(namespace), deployment("consumer", 7))
    with pytest.raises(Refused, match=r"Deployment consumer .* belongs to somebody else"):
        await deployed(api, namespace, overlay("config.yaml", "consumer.yaml"))
    assert (await api.get(DEPLOYMENTS.path(namespace, "consumer")))["spec"]["replicas"] == 7
    assert (await api.get(SECRETS.path(namespace)))["items"] == []


async def test_a_kind_that_is_not_served_is_refused_before_anything_is_made(
    api: Api, namespace: str
) -> None:
    kind = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}}
    with pytest.raises(Refused, match=r"does not serve keda\.sh/v1alpha1 ScaledObject"):
        await Applier(api, namespace, "own").apply([deployment("web"), kind])
    assert (await api.get(DEPLOYMENTS.path(namespace)))["items"] == []


async def test_what_is_not_ready_is_told_with_its_reason(api: Api, namespace: str) -> None:
    applied = await Applier(api, namespace, "own").apply([deployment("web")])
    wrapped = f'failed to pull image "{IMAGE}": failed to do request: Head "https://x/y": no route'
    waiting = {"reason": "ErrImagePull", "message": wrapped}
    status = {
        "phase": "Pending",
        "containerStatuses": [
            {
                "name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": "",
                "state": {"waiting": waiting},
            }
        ],
    }  # fmt: skip
    for name in ("web-1", "web-2"):
        await make_pod(api, namespace, name, "web", status)
    said: list[str] = []
    (left,) = await Rollout(api, applied).wait(2.0, said.append)
    assert (left.kind, left.name) == ("Deployment", "web")
    # told once, by its cause, however many pods wait for the same image
    assert [line for line in left.reasons if "ErrImagePull" in line] == [
        "web-1: main ErrImagePull: no route"
    ]
    assert left.images == (IMAGE,)
    assert any(line.startswith("0/1 ready") for line in said)


async def test_a_certificate_of_another_namespace_is_copied_once_it_is_there(
    api: Api, namespace: str, plane: ControlPlane
) -> None:
    other = f"{namespace}-kafka"
    plane.kubectl("create", "namespace", other)
    copy = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kafka-ca", "annotations": {COPY_OF: f"{other}/made-late"}},
    }
    applying = asyncio.create_task(Applier(api, namespace, "own").apply([copy]))

    async def waits() -> bool:
        return await api.exists(CONFIG_MAPS.path(namespace, "kafka-ca"))

    await until(waits, "the map is there, and empty")
    assert not applying.done()
    secret = {"metadata": {"name": "made-late"}, "stringData": {"ca.crt": "PEM", "ca.key": "no"}}
    await api.create(SECRETS.path(other), secret)
    await applying
    found = await api.get(CONFIG_MAPS.path(namespace, "kafka-ca"))
    assert found["data"] == {"ca.crt": "PEM"}


async def test_both_ends_of_a_bridge_have_the_secret_of_the_remote_one(
    api: Api, namespace: str
) -> None:
    remote = deployment("bridge-server")
    remote["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
        {"secretRef": {"name": "bridge"}}
    ]
    with pytest.raises(Refused, match="has no Secret bridge"):
        await bridge_secret(api, namespace)
    await Applier(api, namespace, "remote").apply([remote])
    token = await bridge_secret(api, namespace)
    assert len(token["BRIDGE_TOKEN"]) >= 32
    local = deployment("bridge")
    assert calls_across([local])
    assert not calls_across([remote])


def with_data(name: str) -> list[Object]:
    """A service, its store, and a volume that both have."""
    service = deployment("consumer")
    store = deployment("mongo")
    store |= {"kind": "StatefulSet"}
    store["spec"]["serviceName"] = "mongo"
    pod = service["spec"]["template"]["spec"]["containers"][0]
    pod["envFrom"] = [{"secretRef": {"name": "stores-consumer"}}]
    return [service, store, claim(name)]


def claim(name: str) -> Object:
    """A small volume."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }


async def claims_of(api: Api, namespace: str) -> list[str]:
    """Names of the volumes; their finalizers are taken away, for which there is no controller."""
    found = (await api.get(CLAIMS.path(namespace)))["items"]
    names = [one["metadata"]["name"] for one in found]
    for name in names:
        await api.patch(CLAIMS.path(namespace, name), {"metadata": {"finalizers": None}})
    return sorted(names)


async def test_volumes_stay_with_their_logins_until_they_are_named(
    api: Api, namespace: str
) -> None:
    own = Applier(api, namespace, "own")
    await own.apply(with_data("ledger"))
    first = await drawn(api, namespace)
    # a StatefulSet makes its own; so does that of another overlay
    for name in ("data-mongo-0", "data-other-0"):
        await api.create(CLAIMS.path(namespace), claim(name))
    removed = await own.remove()
    assert removed.data
    assert [one.split(" in ")[0] for one in removed.kept] == [
        "PersistentVolumeClaim data-mongo-0",
        "PersistentVolumeClaim ledger",
        *(f"Secret stores-{name}" for name in sorted(first)),
    ]
    for resource in (DEPLOYMENTS, STATEFUL_SETS):
        assert (await api.get(resource.path(namespace)))["items"] == []
    # deployed again the stores are entered with the logins that they know
    await own.apply(with_data("ledger"))
    assert await drawn(api, namespace) == first
    await own.remove()
    assert await claims_of(api, namespace) == ["data-mongo-0", "data-other-0", "ledger"]
    # and what was kept can be removed afterwards
    assert not (await own.remove(volumes=True)).kept
    assert await drawn(api, namespace) == {}
    assert await claims_of(api, namespace) == ["data-other-0"]
    with pytest.raises(Refused, match="not deployed"):
        await own.remove()
