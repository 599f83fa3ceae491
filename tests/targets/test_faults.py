"""Faults on a real API server, by Chaos Mesh's own CRDs and without them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.runs.catalog import chaos_dir
from controlroom.runs.manifest import bounded, read_chaos, stamped
from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import MERGE, Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults.holder import ACCOUNT, FAULT
from controlroom.targets.kubernetes.faults.injecting import ClusterFaults
from controlroom.targets.kubernetes.faults.mesh import KINDS
from controlroom.targets.kubernetes.faults.selecting import placed
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, JOBS, PODS, SERVICE_ACCOUNTS
from stack.faults.registry import kind_of
from tests import crds
from tests.runs.test_chaos_files import problems
from tests.targets.control_plane import CONTEXT, ControlPlane, standing
from tests.targets.objects import RUNNING, STRATEGIC, make_deployment, make_pod, pod
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]


def chaos(action: str, mode: str = "one", **more: Any) -> dict[str, Any]:
    """A PodChaos on the pods of `web`."""
    selector = {
        "namespaces": ["controlroom"],
        "labelSelectors": {"app.kubernetes.io/name": "web"},
        "podPhaseSelectors": ["Running"],
    }
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "PodChaos",
        "metadata": {
            "name": f"{action}-web",
            "labels": {"app.kubernetes.io/managed-by": "controlroom", "controlroom/run": "r-0001"},
        },
        "spec": {"action": action, "mode": mode, "selector": selector, **more},
    }


@pytest.fixture
async def web(api: Api, namespace: str) -> list[str]:
    """A deployment of three ready pods."""
    await make_deployment(api, namespace, "web", ready=3, replicas=3)
    names = [f"web-{n}" for n in range(3)]
    for name in names:
        await make_pod(api, namespace, name, "web")
    return names


async def test_preview_draws_from_live_pods(api: Api, namespace: str, web: list[str]) -> None:
    await make_pod(api, namespace, "web-pending", "web", {"phase": "Pending"})
    seen = await ClusterFaults(api, [namespace]).preview(
        chaos("pod-kill", "fixed-percent", value="50", gracePeriod=0)
    )
    assert seen.matched == 3
    assert seen.hits == tuple(f"{namespace}/{name}" for name in web)
    assert (seen.hit_count, seen.stays) == (2, 1)
    assert "Chaos Mesh is not installed" in seen.remarks[0]


async def test_without_chaos_mesh_other_kinds_are_refused(api: Api, namespace: str) -> None:
    one = chaos("pod-kill")
    one["kind"] = "StressChaos"
    with pytest.raises(Refused, match="needs Chaos Mesh"):
        await ClusterFaults(api, [namespace]).preview(one)


async def test_pod_kill_deletes_what_was_drawn(api: Api, namespace: str, web: list[str]) -> None:
    faults = ClusterFaults(api, [namespace])
    status = await faults.inject(chaos("pod-kill", gracePeriod=0), "r-0001")
    left = {p["metadata"]["name"] for p in (await api.get(PODS.path(namespace)))["items"]}
    assert {f"{namespace}/{name}" for name in set(web) - left} == set(status.targets)
    assert len(status.targets) == 1
    (told,) = await faults.faults()
    assert (told.id, told.phase, told.run) == (status.id, "finished", "r-0001")


async def _play_kubelet(api: Api, namespace: str) -> None:
    """Runs the pod of the Job that holds a fault's end, as a node would."""

    async def job() -> Any:
        return (await api.get(JOBS.path(namespace)))["items"]

    (found,) = await until(job, "the Job")
    name = found["metadata"]["name"]
    holder = pod(f"{name}-x", "holder")
    holder["metadata"]["labels"]["job-name"] = name
    await api.create(PODS.path(namespace), holder)
    path = PODS.path(namespace, f"{name}-x", "status")
    await api.patch(path, {"status": RUNNING}, STRATEGIC)


async def test_pod_failure_holds_pods_down_until_it_is_recovered(
    api: Api, namespace: str, web: list[str]
) -> None:
    faults = ClusterFaults(api, [namespace])
    wanted = chaos("pod-failure", "all", duration="60s")
    with pytest.raises(Refused, match="ServiceAccount controlroom-faults"):
        await faults.preview(wanted)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    await api.create(SERVICE_ACCOUNTS.path(namespace), account)
    before = {name: await api.get(PODS.path(namespace, name)) for name in web}
    node = asyncio.create_task(_play_kubelet(api, namespace))
    status = await faults.inject(wanted, "r-0002")
    await node
    assert status.ends is not None
    assert 55 < status.ends - time.time() <= 60
    for name in web:
        held = await api.get(PODS.path(namespace, name))
        assert held["spec"]["containers"][0]["image"].startswith("controlroom.invalid/")
        assert held["metadata"]["labels"][FAULT] == status.id
    (told,) = await faults.faults()
    assert told.phase == "running"
    with pytest.raises(Refused, match="Only Chaos Mesh pauses"):
        await faults.pause(status.id, True)
    await api.delete(CONFIG_MAPS.path(namespace, status.id))
    (orphan,) = await faults.faults()
    assert orphan.ends == pytest.approx(status.ends, abs=1)
    assert (orphan.id, orphan.targets) == (status.id, tuple(f"{namespace}/{n}" for n in web))
    done = await faults.recover(status.id)
    assert done.phase == "finished"
    for name in web:
        back = await api.get(PODS.path(namespace, name))
        assert back["spec"]["containers"] == before[name]["spec"]["containers"]
        assert FAULT not in back["metadata"]["labels"]


async def test_nothing_is_held_down_where_nothing_would_end_it(
    api: Api, namespace: str, web: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from controlroom.targets.kubernetes.faults import holders

    monkeypatch.setattr(holders, "HOLDER_TIME", 1.0)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    await api.create(SERVICE_ACCOUNTS.path(namespace), account)
    faults = ClusterFaults(api, [namespace])
    with pytest.raises(Refused, match="Nothing was injected"):
        await faults.inject(chaos("pod-failure", duration="60s"), "r-0003")
    listed = await api.get(PODS.path(namespace), labelSelector=FAULT)
    assert listed["items"] == []
    assert await faults.faults() == []


@pytest.fixture(scope="module")
def mesh_plane(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An API server that serves the CRDs of Chaos Mesh; its controller is played by the test."""
    with standing(tmp_path_factory.mktemp("mesh")) as made:
        kinds = ("podchaos", "networkchaos", "stresschaos", "httpchaos", "timechaos")
        for kind in (*kinds, "schedules", "workflows"):
            crd = (crds.SCHEMAS / f"chaos-mesh.org_{kind}.yaml").read_text()
            made.kubectl("create", "-f", "-", stdin=crd)
        made.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield made


@pytest.fixture
async def mesh_api(mesh_plane: ControlPlane, monkeypatch: Any) -> AsyncIterator[Api]:
    monkeypatch.setenv("KUBECONFIG", str(mesh_plane.kubeconfig))
    made = Api(CONTEXT)
    yield made
    await made.close()


async def _controller(api: Api, status: dict[str, Any]) -> str:
    """Writes a status on the one object, as the controller of Chaos Mesh does."""
    kind = KINDS["PodChaos"]

    async def found() -> Any:
        return (await api.get(kind.path("default")))["items"]

    (one,) = await until(found, "the object")
    name: str = one["metadata"]["name"]
    meta = {"finalizers": ["chaos-mesh/records"]}
    await api.patch(kind.path("default", name), {"metadata": meta, "status": status}, MERGE)
    return name


def _status(phase: str, desired: str, *true: str) -> dict[str, Any]:
    events = [{"type": "Succeeded", "operation": "Apply", "timestamp": "2026-11-21T05:00:00Z"}]
    if "AllRecovered" in true:
        events.append(
            {"type": "Succeeded", "operation": "Recover", "timestamp": "2026-11-21T05:00:30Z"}
        )
    record = {
        "id": "default/web-0", "selectorKey": ".", "phase": phase, "injectedCount": 1,
        "recoveredCount": 0, "events": events,
    }  # fmt: skip
    return {
        "conditions": [{"type": t, "status": "True"} for t in true],
        "experiment": {"desiredPhase": desired, "containerRecords": [record]},
    }


async def test_the_life_of_an_object_of_chaos_mesh(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    await make_deployment(mesh_api, "default", "web", ready=1, replicas=1)
    await make_pod(mesh_api, "default", "web-0", "web")
    preview = await faults.preview(chaos("pod-failure", duration="30s"))
    assert "Chaos Mesh does PodChaos pod-failure" in preview.effect
    assert "No ready pod stays." in preview.remarks
    running = _status("Injected", "Run", "Selected", "AllInjected")
    playing = asyncio.create_task(_controller(mesh_api, running))
    status = await faults.inject(chaos("pod-failure", duration="30s"), "r-0007")
    name = await playing
    assert status.ends is not None
    assert status.ends - status.created == 30
    (told,) = await faults.faults()
    assert (told.phase, told.run, told.targets) == ("running", "r-0001", ("default/web-0",))
    assert told.injected is not None
    await faults.pause(told.id, True)
    stored = await mesh_api.get(KINDS["PodChaos"].path("default", name))
    assert stored["metadata"]["annotations"]["experiment.chaos-mesh.org/pause"] == "true"
    await faults.pause(told.id, False)
    stored = await mesh_api.get(KINDS["PodChaos"].path("default", name))
    assert "experiment.chaos-mesh.org/pause" not in stored["metadata"].get("annotations", {})
    stuck = await faults.recover(told.id)
    assert stuck.phase == "deleting"
    (sentence,) = await faults.mesh.stuck()
    assert "chaos-mesh/records" in sentence
    assert "default/web-0" in sentence
    await faults.mesh.force(told.id)
    assert await faults.faults() == []


async def test_recovered_counts_only_once_it_is_to_stop(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    early = _status("Not Injected", "Run", "Selected", "AllRecovered")
    playing = asyncio.create_task(_controller(mesh_api, early))
    await faults.inject(chaos("pod-failure", duration="30s"), "r-0008")
    name = await playing
    (told,) = await faults.faults()
    assert told.phase == "injecting"
    over = _status("Not Injected", "Stop", "Selected", "AllRecovered")
    await mesh_api.patch(KINDS["PodChaos"].path("default", name), {"status": over})
    (told,) = await faults.faults()
    assert told.phase == "finished"
    assert told.recovered is not None
    await faults.mesh.force(told.id)


async def test_what_selects_nothing_is_removed(mesh_api: Api, monkeypatch: Any) -> None:
    from controlroom.targets.kubernetes.faults import mesh

    monkeypatch.setattr(mesh, "SELECT_TIME", 0.5)
    faults = ClusterFaults(mesh_api, ["default"])
    with pytest.raises(Refused, match="selected nothing"):
        await faults.inject(chaos("pod-kill"), "r-0009")
    assert await faults.faults() == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("stress", "StressChaos memory"), ("http", "HTTPChaos delay"), ("time", "TimeChaos")],
)
async def test_kinds_without_an_action_go_to_chaos_mesh(
    mesh_api: Api, monkeypatch: Any, name: str, words: str
) -> None:
    from controlroom.targets.kubernetes.faults import mesh

    monkeypatch.setattr(mesh, "SELECT_TIME", 0.5)
    file = Path(__file__).parents[1] / "runs" / "field" / f"{name}.yaml"
    sent = stamped(read_chaos(file), "r-0011")
    faults = ClusterFaults(mesh_api, ["default"])
    assert f"Chaos Mesh does {words} to" in (await faults.preview(sent)).effect
    with pytest.raises(Refused, match=f"{sent['kind']} .* had selected nothing"):
        await faults.inject(sent, "r-0011")


def holder(kind: str, run: str, lasts: float) -> dict[str, Any]:
    """A Schedule or a Workflow of the project, on the pods of `held`."""
    name = {"Schedule": "schedule-pod-kill-consumer", "Workflow": "workflow-slow-and-kill"}[kind]
    spec = bounded(read_chaos(chaos_dir() / f"{name}.yaml"), 600, lasts)
    made = stamped(spec, run)
    for _, body in kind_of(kind).parts(made["spec"]):
        body["selector"]["labelSelectors"] = {"app.kubernetes.io/name": "held"}
    return made


async def test_a_schedule_goes_to_chaos_mesh_and_ends_with_what_it_made(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    await make_pod(mesh_api, "default", "held-0", "held")
    sent = holder("Schedule", "r-0021", 60)
    preview = await faults.preview(sent)
    assert preview.remarks[0] == "PodChaos pod-kill: 1 of default/held-0"
    assert preview.ends == "It ends after 1m."
    status = await faults.inject(sent, "r-0021")
    assert (status.phase, status.run, status.pausable) == ("running", "r-0021", True)
    assert status.ends == status.created + 60
    assert status.name.endswith("-r-0021")
    stored = await mesh_api.get(KINDS["Schedule"].path("default", status.name))
    assert stored["spec"] == placed(sent, ["default"])["spec"]
    child = chaos("pod-failure", duration="30s")
    child["metadata"]["labels"] = {"managed-by": status.name}
    await mesh_api.create(KINDS["PodChaos"].path("default"), child)
    assert {(one.kind, one.run) for one in await faults.faults()} == {
        ("Schedule", "r-0021"), ("PodChaos", "r-0021"),
    }  # fmt: skip
    await faults.pause(status.id, True)
    told = {one.kind: one.phase for one in await faults.faults()}
    assert told["Schedule"] == "paused"
    for one in await faults.faults():
        await faults.recover(one.id)
    assert await faults.faults() == []


async def test_a_schedule_that_is_late_is_ended_by_whoever_looks(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    await faults.inject(holder("Schedule", "r-0022", 0.001), "r-0022")

    async def gone() -> bool:
        return not await faults.faults()

    await until(gone, "it is removed", 30)


async def test_the_phases_of_a_workflow_are_those_of_its_status(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    status = await faults.inject(holder("Workflow", "r-0023", 40), "r-0023")
    assert (status.phase, status.pausable) == ("injecting", False)
    assert status.ends == status.created + 40
    path = KINDS["Workflow"].path("default", status.name, "status")
    for condition, phase in (("Scheduled", "running"), ("Accomplished", "finished")):
        now = {"conditions": [{"type": condition, "status": "True", "reason": ""}]}
        await mesh_api.patch(path, {"status": now}, MERGE)
        (told,) = await faults.faults()
        assert told.phase == phase
    with pytest.raises(Refused, match="does not pause a workflow"):
        await faults.pause(status.id, True)
    await faults.recover(status.id)
    assert await faults.faults() == []


async def test_the_real_schema_refuses_what_it_does_not_know(mesh_api: Api) -> None:
    faults = ClusterFaults(mesh_api, ["default"])
    with pytest.raises(ApiError, match="pod-explode"):
        await faults.inject(chaos("pod-explode"), "r-0010")


def test_files_of_chaos_are_placed_in_the_pipelines_namespaces() -> None:
    for path in chaos_dir().glob("*.yaml"):
        one = placed(yaml.safe_load(path.read_text()), ["here", "data"])
        assert one["metadata"]["namespace"] == "here"
        bodies = [body for _, body in kind_of(one["kind"]).parts(one["spec"])] or [one["spec"]]
        assert all(body["selector"]["namespaces"] == ["here", "data"] for body in bodies)
        assert problems(one) == []
