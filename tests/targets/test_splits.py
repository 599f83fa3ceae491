"""Splits of traffic as HTTPRoutes: by the real schema, and on a real API server."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.faults.holder import ACCOUNT
from controlroom.targets.kubernetes.faults.injecting import ClusterFaults
from controlroom.targets.kubernetes.faults.routes import (
    ROUTES,
    SCRIPT,
    Parent,
    behind_gateway,
    behind_ingress,
    route,
)
from controlroom.targets.kubernetes.resources import SERVICE_ACCOUNTS, SERVICES
from host.project import PROJECT
from stack.faults.splitting import Split, split_of
from tests import crds
from tests.manifests.schema import problems
from tests.targets.control_plane import CONTEXT, ControlPlane, standing
from tests.targets.objects import make_deployment, make_pod
from tests.targets.test_faults import _play_kubelet

GATEWAY = PROJECT / "k8s" / "components" / "gateway-api" / "ingest.yaml"
INGRESS = PROJECT / "k8s" / "base" / "ingress.yaml"
SPEC: dict[str, Any] = {
    "paths": ["/"],
    "duration": "60s",
    "branches": [
        {"name": "http", "service": "producer-http", "weight": 33.33},
        {"name": "wasm", "service": "producer-wasm", "weight": 33.33, "path": "/wasm"},
        {"name": "faulty", "service": "error-injector", "weight": 33.33, "success": 0},
    ],
}


def documents(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text()))


def shipped() -> list[Any]:
    """The HTTPRoutes of the component."""
    return [one for one in documents(GATEWAY) if one["kind"] == "HTTPRoute"]


def made(split: Split, parent: Parent) -> dict[str, Any]:
    """A route for it."""
    ports = {one.title: 80 for one in split.branches}
    return route("split-r-0001-ab12", split, parent, ports, {"a": "b"}, {"c": "d"})


def test_a_route_behind_a_gateway_wins_over_the_one_that_is_there() -> None:
    parent = behind_gateway(shipped(), "/")
    assert parent is not None
    assert (parent.title, parent.service) == ("Gateway controlroom", "producer-http")
    found = made(split_of(SPEC), parent)
    assert problems(found) == []
    (rule,) = found["spec"]["rules"]
    # the same prefix with a method is more exact (gateway-api.sigs.k8s.io, HTTPRouteMatch)
    assert all(match["method"] for match in rule["matches"])
    assert [one["weight"] for one in rule["backendRefs"]] == [3333, 3333, 3333]
    assert rule["backendRefs"][1]["filters"][0]["urlRewrite"]["path"]["replaceFullPath"] == "/wasm"
    below = behind_gateway(shipped(), "/wasm/x")
    assert below is not None
    assert below.service == "producer-wasm"


def test_a_route_that_matches_by_method_cannot_be_won_over() -> None:
    routes = shipped()
    for rule in routes[0]["spec"]["rules"]:
        for match in rule["matches"]:
            match["method"] = "POST"
    with pytest.raises(Refused, match="matches / by its method"):
        behind_gateway(routes, "/")


def test_a_route_in_a_mesh_leaves_the_other_paths_of_the_service_as_they_are() -> None:
    ingresses = [one for one in documents(INGRESS) if one["kind"] == "Ingress"]
    assert behind_ingress(ingresses, "/wasm") == ("producer-wasm", "http")
    assert behind_ingress(ingresses, "/anything") == ("producer-http", "http")
    reference = {"group": "", "kind": "Service", "name": "producer-http", "port": 80}
    parent = Parent((reference,), (), "producer-http", mesh=True, port=80)
    found = made(split_of({**SPEC, "paths": ["/input"]}), parent)
    assert problems(found) == []
    first, rest = found["spec"]["rules"]
    assert first["matches"] == [{"path": {"type": "PathPrefix", "value": "/input"}}]
    assert rest["backendRefs"] == [{"name": "producer-http", "port": 80}]
    assert rest["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert len(made(split_of(SPEC), parent)["spec"]["rules"]) == 1


@pytest.fixture(scope="module")
def gateway_plane(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An API server that serves HTTPRoute; nobody acts on it."""
    with standing(tmp_path_factory.mktemp("gateway")) as plane:
        crd = (crds.SCHEMAS / "gateway.networking.k8s.io_httproutes.yaml").read_text()
        plane.kubectl("create", "-f", "-", stdin=crd)
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield plane


@pytest.fixture
async def gateway_api(
    gateway_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    monkeypatch.setenv("KUBECONFIG", str(gateway_plane.kubeconfig))
    api = Api(CONTEXT)
    yield api
    await api.close()


def manifest(**change: Any) -> dict[str, Any]:
    """The split as a run sends it."""
    return {
        "apiVersion": "controlroom.io/v1",
        "kind": "TrafficSplit",
        "metadata": {"name": "thirds"},
        "spec": {**SPEC, **change},
    }


async def _pipeline(api: Api, space: str) -> None:
    """Services, one with a ready pod, and the account of the holder."""
    for name in ("producer-http", "producer-wasm", "error-injector"):
        port = {"name": "http", "port": 80}
        spec = {"selector": {"app.kubernetes.io/name": name}, "ports": [port]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        await api.create(SERVICES.path(space), service)
    await make_deployment(api, space, "producer-http", ready=1, replicas=1)
    await make_pod(api, space, "producer-http-0", "producer-http")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    await api.create(SERVICE_ACCOUNTS.path(space), account)


@pytest.mark.clusters
@pytest.mark.timeout(300)
async def test_the_life_of_a_split_in_a_cluster(
    gateway_api: Api, gateway_plane: ControlPlane, tmp_path: Path
) -> None:
    api, space, faults = gateway_api, "default", ClusterFaults(gateway_api, ["default"])
    await _pipeline(api, space)
    with pytest.raises(Refused, match="No HTTPRoute leads these paths to a Gateway"):
        await faults.preview(manifest())
    for one in shipped():
        one["metadata"]["namespace"] = space
        await api.create(ROUTES.path(space), one)
    preview = await faults.preview(manifest())
    assert "producer-http:http, 1 ready" in preview.branches[0]
    assert "HTTPRoute on Gateway controlroom takes the place of producer-http" in preview.remarks[0]
    assert "No pod of error-injector is ready" in " ".join(preview.remarks)
    with pytest.raises(Refused, match="There is no Service nobody"):
        await faults.preview(manifest(branches=[{"service": "nobody", "weight": 1}]))

    node = asyncio.create_task(_play_kubelet(api, space))
    status = await faults.inject(manifest(duration="2s"), "r-0001")
    await node
    assert (status.kind, status.run, status.name) == ("TrafficSplit", "r-0001", "thirds")
    with pytest.raises(Refused, match="Another split has the requests for /"):
        await faults.preview(manifest())
    # the room is dead from here on: nobody but the Job acts, by the rights of its role alone
    await asyncio.to_thread(_run_holder, gateway_plane, tmp_path, status.id, status.ends or 0)
    assert time.time() >= (status.ends or 0)
    assert not await api.exists(ROUTES.path(space, status.id))
    assert await faults.faults() == []
    await faults.splits.recover(status.id)

    node = asyncio.create_task(_play_kubelet(api, space))
    status = await faults.inject(manifest(), "r-0002")
    await node
    (told,) = await faults.faults()
    assert (told.id, told.phase, told.targets[0]) == (status.id, "running", "http 33.33 %")
    done = await faults.recover(status.id)
    assert done.phase == "finished"
    assert await faults.faults() == []
    assert len((await api.get(ROUTES.path(space)))["items"]) == len(shipped())


def _run_holder(plane: ControlPlane, folder: Path, fault: str, ends: float) -> None:
    """The script of the Job as a process, with the account and role that it has in a cluster."""
    roles = PROJECT / "k8s" / "components" / "rbac"
    plane.kubectl("create", "-f", str(roles / "faults.yaml"))
    plane.kubectl(
        "create", "rolebinding", "holder", "--clusterrole=controlroom-faults",
        f"--serviceaccount=default:{ACCOUNT}", "-n", "default",
    )  # fmt: skip
    config = yaml.safe_load(plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = config.get("certificate-authority-data")
    text = (
        base64.b64decode(authority).decode()
        if authority
        else Path(config["certificate-authority"]).read_text()
    )
    (folder / "ca.crt").write_text(text)
    token = plane.kubectl("create", "token", ACCOUNT, "-n", "default")
    (folder / "token").write_text(token.strip())
    variables = {
        "ACCOUNT": f"{folder}/", "SERVER": config["server"], "FAULT": fault,
        "NAMESPACES": "default", "ENDS": f"{ends:.1f}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | variables, timeout=120, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert "removed" in done.stdout
