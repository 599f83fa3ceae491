"""The experiments of `chaos/` are real Chaos Mesh objects, and safe ones."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from controlroom.runs.catalog import chaos_dir, chaos_files
from controlroom.runs.manifest import MANAGED_BY, bounded, read_chaos, stamped
from stack.faults.registry import kind_of
from tests import crds
from tests.conftest import ROOT

FILES = sorted(chaos_dir().glob("*.yaml"))
OF_SCENARIOS = sorted((ROOT / "scenarios").glob("*/chaos/*.yaml"))


def problems(manifest: dict[str, Any]) -> list[str]:
    """What the schema of its kind says against a manifest."""
    plural = manifest["kind"].lower() + ("" if kind_of(manifest["kind"]).selects else "s")
    return crds.problems(manifest, f"chaos-mesh.org_{plural}.yaml")


def test_there_are_experiments() -> None:
    assert {path.stem for path in FILES} >= {"pod-kill-consumer", "network-delay-consumer-mongo"}


@pytest.mark.parametrize("path", [*FILES, *OF_SCENARIOS], ids=lambda path: path.stem)
def test_file_is_valid_for_chaos_mesh(path: Path) -> None:
    spec = read_chaos(path)
    assert problems(stamped(spec, "r-0001")) == []


def test_the_check_refuses_what_chaos_mesh_does_not_know() -> None:
    manifest = deepcopy(dict(read_chaos(chaos_dir() / "pod-kill-consumer.yaml").manifest))
    manifest["spec"]["action"] = "pod-explode"
    manifest["spec"]["selektor"] = {}
    assert len(problems(manifest)) == 2


@pytest.mark.parametrize("path", [*FILES, *OF_SCENARIOS], ids=lambda path: path.stem)
def test_file_is_safe(path: Path) -> None:
    spec = read_chaos(path)
    meta = spec.manifest["metadata"]
    wanted = spec.manifest["spec"]
    assert meta["name"] == path.stem
    assert meta["namespace"] == "controlroom"
    assert meta["labels"][MANAGED_BY] == "controlroom"
    assert meta["annotations"]["controlroom/title"]
    assert meta["annotations"]["controlroom/safety"] in ("reversible", "blast")
    for kind, body in kind_of(spec.kind).parts(wanted) or [(spec.kind, wanted)]:
        assert body["selector"]["namespaces"] == ["controlroom"]
        assert body["selector"]["podPhaseSelectors"] == ["Running"]
        if kind_of(kind).action(body) == "container-kill":
            assert body["containerNames"]
    assert bounded(spec, longest=600) == spec


def test_the_catalog_tells_title_aim_and_level() -> None:
    entries = {entry.name: entry for entry in chaos_files()}
    kafka = entries["pod-kill-kafka"]
    assert (kafka.level, kafka.deployment, kafka.duration) == ("blast", "kafka", None)
    delay = entries["network-delay-consumer-mongo"]
    assert (delay.level, delay.deployment, delay.duration) == ("reversible", "consumer", 60.0)
    assert all(entry.title and not entry.error for entry in entries.values())


def test_a_broken_file_is_listed_with_its_fault(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: PodChaos\nspec: [\n")
    (entry,) = chaos_files(tmp_path)
    assert entry.name == "bad"
    assert "line 3 is not YAML" in entry.error
