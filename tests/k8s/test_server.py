"""A real API server takes every object of every overlay, by its own and the makers' schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from stack.config import PROJECT
from tests.crds import SCHEMAS
from tests.k8s.rendering import NAMES, Object, of_kind, text_of
from tests.own_lab import OwnLab

pytestmark = pytest.mark.clusters

CONTEXT = "lab-b"
STRICT = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")


@pytest.fixture(scope="module")
def server(lab: OwnLab) -> Iterator[OwnLab]:
    """A cluster that knows the kinds of the other makers, and our namespaces."""
    kinds = ["-f", str(SCHEMAS), "-R"]
    namespaces = {one["metadata"]["name"]: one for o in NAMES for one in of_kind(o, "Namespace")}
    lab.kubectl(CONTEXT, "apply", "--server-side", *kinds)
    names = [yaml.safe_load_all(file.read_text()) for file in SCHEMAS.glob("*.yaml")]
    for one in (document for file in names for document in file if document):
        name = f"crd/{one['metadata']['name']}"
        lab.kubectl(CONTEXT, "wait", "--for=condition=Established", name, "--timeout=60s")
    lab.kubectl(CONTEXT, "apply", "-f", "-", text=as_list(list(namespaces.values())))
    yield lab
    lab.kubectl(
        CONTEXT, "delete", "--wait=false", "-f", "-", text=as_list(list(namespaces.values()))
    )
    lab.kubectl(CONTEXT, "delete", "--wait=false", *kinds)


def as_list(objects: list[Object]) -> str:
    """One text that kubectl reads."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


@pytest.mark.parametrize("overlay", NAMES)
def test_the_server_takes_the_overlay_and_warns_of_nothing(server: OwnLab, overlay: str) -> None:
    said = server.kubectl(CONTEXT, "apply", *STRICT, "-f", "-", text=text_of(overlay))
    lines = said.splitlines()
    assert [line for line in lines if "serverside-applied (server dry run)" not in line] == []
    assert len(lines) == text_of(overlay).count("\nkind: ") + text_of(overlay).startswith("kind: ")


@pytest.mark.parametrize("file", sorted((PROJECT / "chaos").glob("*.yaml")), ids=lambda f: f.name)
def test_the_server_takes_every_fault(server: OwnLab, file: object) -> None:
    server.kubectl(CONTEXT, "apply", *STRICT, "-n", "controlroom", "-f", str(file))
