"""A real API server takes every object of every overlay and of the room: strictly, unwarned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.runs.catalog import chaos_dir, find
from controlroom.targets.abilities import LoadRequest
from controlroom.targets.kubernetes.faults.holder import job
from controlroom.targets.kubernetes.faults.selecting import placed
from controlroom.targets.kubernetes.load import jobs
from tests.crds import SCHEMAS
from tests.manifests.rendering import NAMES, Object, of_kind, text_of
from tests.targets.control_plane import ControlPlane, standing

pytestmark = pytest.mark.clusters

PROJECT = Path(__file__).parents[2]
STRICT = ("--dry-run=server", "--validate=strict", "--warnings-as-errors")
APPLIED = ("apply", "--server-side", "--force-conflicts", *STRICT)
SPACES = ("controlroom", "controlroom-data")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server of its own, which knows the kinds of the other makers and our namespaces."""
    with standing(tmp_path_factory.mktemp("server")) as made:
        made.kubectl("apply", "--server-side", "-f", str(SCHEMAS), "-R")
        established = ("--for=condition=Established", "--timeout=120s")
        made.kubectl("wait", *established, *(f"crd/{name}" for name in served()))
        namespaces = {
            one["metadata"]["name"]: one for o in NAMES for one in of_kind(o, "Namespace")
        }
        made.kubectl("apply", "-f", "-", stdin=as_list(list(namespaces.values())))
        yield made


def served() -> list[str]:
    """Names of the CustomResourceDefinitions."""
    documents = [one for file in SCHEMAS.glob("*.yaml") for one in yaml.safe_load_all(file.open())]
    return [one["metadata"]["name"] for one in documents if one]


def as_list(objects: Sequence[Any]) -> str:
    """One text that kubectl reads."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


@pytest.mark.parametrize("overlay", NAMES)
def test_the_server_takes_the_overlay(server: ControlPlane, overlay: str) -> None:
    text = text_of(overlay)
    lines = server.kubectl(*APPLIED, "-f", "-", stdin=text).splitlines()
    assert [line for line in lines if "serverside-applied (server dry run)" not in line] == []
    assert len(lines) == text.count("\nkind: ") + text.startswith("kind: ")


FIELD = [
    PROJECT / "tests" / "runs" / "field" / f"{name}.yaml" for name in ("http", "stress", "time")
]
FAULTS = [*sorted(chaos_dir().glob("*.yaml")), *FIELD]


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.name)
def test_the_server_takes_every_fault_as_the_room_sends_it(
    server: ControlPlane, file: Path
) -> None:
    made = placed(find(str(file)).manifest, SPACES)
    made["metadata"]["namespace"] = SPACES[0]
    server.kubectl("create", *STRICT, "-f", "-", stdin=as_list([made]))


def test_the_server_takes_the_job_that_ends_a_fault_where_all_is_restricted(
    server: ControlPlane,
) -> None:
    labels = {"controlroom/fault": "f", "controlroom/run": "r"}
    made = job("f", SPACES[0], SPACES, "localhost/controlroom/services:0.1.0", 0.0, labels)
    server.kubectl("create", *STRICT, "-f", "-", stdin=as_list([made]))


def test_the_server_takes_the_objects_of_a_load_where_all_is_restricted(
    server: ControlPlane,
) -> None:
    request = LoadRequest(run="r-0001", spec="{}", workers=3, seconds=60.0, records=b"{}\n")
    labels, image = (
        {"controlroom/load": "l", "controlroom/run": "r-0001"},
        "localhost/controlroom/load:0.1.0",
    )
    made = [
        jobs.master_job("l", labels, request, image, 0.0),
        jobs.request_map("l", labels, request),
        jobs.workers_job("l", labels, request, image, "10.0.0.1"),
    ]
    for one in made:
        one["metadata"]["namespace"] = SPACES[0]
    lines = server.kubectl("create", *STRICT, "-f", "-", stdin=as_list(made)).splitlines()
    assert len(lines) == len(made)


def test_the_server_refuses_what_is_misspelt_or_less_than_restricted(server: ControlPlane) -> None:
    place = {"name": "x", "namespace": SPACES[0]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": {"selektor": {}}}
    root: Object = job("x", SPACES[0], SPACES, "any", 0.0, {})
    root["spec"]["template"]["spec"]["securityContext"] = {}
    for wrong, said in ((service, "selektor"), (root, "PodSecurity")):
        with pytest.raises(AssertionError, match=said):
            server.kubectl("create", *STRICT, "-f", "-", stdin=as_list([wrong]))
