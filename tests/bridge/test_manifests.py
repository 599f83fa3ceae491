"""k8s/components/bridge: right by the real schemas, and what the three programs need."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.targets.kubernetes.deploy.secrets import GENERATED
from services.shared.settings import Settings
from tests.conftest import ROOT
from tests.manifests.schema import problems

FOLDER = ROOT / "k8s/components/bridge"
LOCAL, REMOTE = FOLDER / "local/bridge.yaml", FOLDER / "remote/bridge-server.yaml"
ENDPOINTS = ROOT / "k8s/base/config.yaml"
POD = {"metadata.name": "pod-0", "status.podIP": "10.0.0.1"}

Document = dict[str, Any]


def documents(file: Path) -> list[Document]:
    return list(yaml.safe_load_all(file.read_text()))


def of_kind(file: Path, kind: str) -> Document:
    return next(document for document in documents(file) if document["kind"] == kind)


def containers() -> dict[str, Document]:
    """Command's module -> container."""
    found = [
        container
        for file in (LOCAL, REMOTE)
        for container in of_kind(file, "Deployment")["spec"]["template"]["spec"]["containers"]
    ]
    return {container["command"][-1]: container for container in found}


def environment(container: Document, side: dict[str, str | None]) -> dict[str, str]:
    """What a container is told: the common values, those of its side, its own."""
    own = {
        item["name"]: item.get("value") or POD[item["valueFrom"]["fieldRef"]["fieldPath"]]
        for item in container["env"]
    }
    secrets = [s["secretRef"]["name"] for s in container["envFrom"] if "secretRef" in s]
    drawn = {key: "drawn" for name in secrets for key in GENERATED[name]}
    given = {**of_kind(ENDPOINTS, "ConfigMap")["data"], **side, **drawn, **own}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    "file", [LOCAL, REMOTE, FOLDER / "endpoint/endpoint.yaml"], ids=lambda file: file.parent.name
)
def test_every_object_is_right_by_the_schemas_of_kubernetes(file: Path) -> None:
    for document in documents(file):
        assert problems(document) == []
        assert document["metadata"]["labels"]["app.kubernetes.io/part-of"] == "controlroom"


@pytest.mark.parametrize("part", ["worker", "client", "server"])
def test_every_program_is_told_what_it_needs(part: str) -> None:
    name = f"services.bridge.{part}"
    local = of_kind(FOLDER / "local/endpoints.yaml", "ConfigMap")["data"]
    environ = environment(containers()[name], {} if part == "server" else local)
    needed = importlib.import_module(name).NEEDED
    settings = Settings.from_env(*needed, environ=environ)
    assert part == "server" or not settings.redis_url


def test_worker_and_client_meet_at_one_socket_in_a_folder_of_the_pod() -> None:
    found = containers()
    paths = set()
    for part in ("worker", "client"):
        container = found[f"services.bridge.{part}"]
        path = Path(environment(container, {})["BRIDGE_SOCKET"])
        assert str(path.parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
        paths.add(path)
    assert len(paths) == 1


def test_the_target_is_the_port_of_the_exported_service() -> None:
    service = of_kind(REMOTE, "Service")
    assert service["metadata"]["labels"]["mirror.linkerd.io/exported"] == "true"
    target = of_kind(FOLDER / "local/endpoints.yaml", "ConfigMap")["data"]["BRIDGE_TARGET"]
    name, _, port = target.partition(":")
    assert name.startswith(service["metadata"]["name"])
    assert int(port) == service["spec"]["ports"][0]["port"]


def test_the_plain_endpoint_leads_to_the_port_of_the_nodes() -> None:
    patch = yaml.safe_load((FOLDER / "node-port/kustomization.yaml").read_text())["patches"][0]
    port = yaml.safe_load(patch["patch"])["spec"]["ports"][0]["nodePort"]
    endpoint = FOLDER / "endpoint/endpoint.yaml"
    assert of_kind(endpoint, "EndpointSlice")["ports"][0]["port"] == port
    assert of_kind(endpoint, "Service")["spec"]["ports"][0]["targetPort"] == port


def test_every_container_is_ready_for_restricted_namespaces() -> None:
    for file in (LOCAL, REMOTE):
        pod = of_kind(file, "Deployment")["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            names = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container[probe]["httpGet"]["port"] in names
