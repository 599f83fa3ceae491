"""The component of WasmEdge: right by the real schemas, also what it makes of the producer."""

from __future__ import annotations

from typing import Any

import yaml

from host.project import PROJECT
from tests.manifests.schema import problems

COMPONENT = PROJECT / "k8s" / "components" / "wasmedge"


def merged(into: Any, patch: Any) -> Any:
    """A strategic merge, as far as mappings go."""
    if not (isinstance(into, dict) and isinstance(patch, dict)):
        return patch
    return {**into, **{key: merged(into.get(key), value) for key, value in patch.items()}}


def test_the_runtime_class_and_the_patched_pods_are_right_by_the_schemas() -> None:
    component = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())
    (named,) = component["resources"]
    runtime = yaml.safe_load((COMPONENT / named).read_text())
    assert problems(runtime) == []
    producer = PROJECT / "k8s" / "base" / "producer-wasm.yaml"
    deployment = next(iter(yaml.safe_load_all(producer.read_text())))
    (patch,) = component["patches"]
    assert patch["target"] == {"kind": "Deployment", "name": deployment["metadata"]["name"]}
    changed = merged(deployment, yaml.safe_load(patch["patch"]))
    assert problems(changed) == []
    pod = changed["spec"]["template"]["spec"]
    assert pod["runtimeClassName"] == runtime["metadata"]["name"]
    assert len(pod["containers"]) == 2
