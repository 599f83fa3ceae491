"""k8s/base and what the local stack adds: right by the real schemas, and runnable here."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from host.project import PROJECT
from stack.config import MANIFESTS
from stack.manifests import load
from tests.manifests.schema import problems
from wire.keys import PARTITIONS, consumer_group, events_topic

Document = dict[str, Any]


BASE = PROJECT / "k8s" / "base"
LAG = PROJECT / "k8s" / "components" / "keda" / "scaled-object.yaml"


def files() -> list[Path]:
    """What the local stack runs: base, and scaling by lag."""
    return [*sorted(p for p in BASE.glob("*.yaml") if p.name != "kustomization.yaml"), LAG]


def documents() -> Iterator[Document]:
    for file in files():
        yield from yaml.safe_load_all(file.read_text())


def containers() -> Iterator[tuple[Document, Document]]:
    for document in documents():
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield pod, container


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name)
def test_every_manifest_is_right_by_the_schemas_of_kubernetes(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        assert problems(document) == []


def consumer() -> Document:
    return next(
        d for d in documents() if (d["kind"], d["metadata"]["name"]) == ("Deployment", "consumer")
    )


def put(document: Document, path: str, value: object) -> Document:
    changed = copy.deepcopy(document)
    place: Any = changed
    *way, last = path.split("/")
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec/replica", 2),
        ("spec/template/spec/containers/0/readinessProbe/httpGet/prt", "admin"),
        ("spec/template/spec/containers/0/env/0/valueFrom/fieldRef/path", "x"),
        ("spec/selector", None),
        ("spec/template/spec/containers/0/name", None),
        ("spec/replicas", "two"),
        ("spec/template/spec/containers/0/command", "python"),
    ],
)
def test_the_schema_check_sees_what_is_wrong(path: str, value: object) -> None:
    assert problems(put(consumer(), path, value))


def test_the_kustomization_lists_every_file() -> None:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [file.name for file in files() if file.parent == BASE]


def test_the_local_stack_reads_it_all() -> None:
    manifests = load(MANIFESTS)
    producers = {"producer-http", "producer-grpc", "producer-wasm"}
    assert set(manifests.deployments) == {*producers, "consumer", "reader", "error-injector"}
    assert manifests.deployments["producer-wasm"].table == "wasm"
    assert manifests.bounds("consumer") == (2, 5)
    assert {c.name for c in manifests.deployments["producer-grpc"].template.containers} == {
        "front",
        "server",
    }


def scaled_object() -> Document:
    return next(d for d in documents() if d["kind"] == "ScaledObject")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec/maxReplicas", 5),
        ("spec/triggers", []),
        ("spec/triggers/0/metadata/lagThreshold", 20000),
        ("spec/scaleTargetRef", None),
    ],
)
def test_the_schema_of_keda_is_the_real_one(path: str, value: object) -> None:
    assert problems(put(scaled_object(), path, value))


def test_the_consumer_follows_the_lag_and_then_the_cpu() -> None:
    rules = load(MANIFESTS).autoscalers["consumer"]
    assert rules.lag
    assert rules.utilization
    assert rules.maximum <= PARTITIONS


def test_no_deployment_has_two_autoscalers() -> None:
    specs = [d.get("spec", {}) for d in documents()]
    targets = [spec["scaleTargetRef"]["name"] for spec in specs if "scaleTargetRef" in spec]
    assert len(targets) == len(set(targets))


def test_topic_and_group_of_the_trigger_are_those_of_the_scenario() -> None:
    data = next(d["data"] for d in documents() if d["kind"] == "ConfigMap")
    assert data["EVENTS_TOPIC"] == events_topic(data["SCENARIO"])
    assert data["CONSUMER_GROUP"] == consumer_group(data["SCENARIO"])


def test_every_object_says_that_it_is_part_of_controlroom() -> None:
    for document in documents():
        assert document["metadata"]["labels"]["app.kubernetes.io/part-of"] == "controlroom"


def test_every_container_is_ready_for_restricted_namespaces() -> None:
    for pod, container in containers():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}


def test_every_container_has_probes_on_its_admin_port_by_name() -> None:
    for _, container in containers():
        names = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            port = container[probe]["httpGet"]["port"]
            assert port in names
            assert port.startswith("admin")
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
