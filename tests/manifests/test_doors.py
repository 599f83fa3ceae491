"""The doors of the clusters are those of the Ingress objects, whoever opens them."""

from __future__ import annotations

import re

import pytest

from host.project import PROJECT
from stack.refusals import error_lines, ingress_lines
from tests.manifests.rendering import NAMES, of_kind

pytestmark = pytest.mark.engines

CONFIG = PROJECT / "k8s" / "components" / "ingress-haproxy" / "haproxy.cfg"
Doors = dict[str, str]


def of_ingresses(overlay: str) -> Doors:
    """Path -> Service and its port."""
    doors = {}
    for one in of_kind(overlay, "Ingress"):
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                doors[path["path"]] = f"{service['name']}.{service['port']['name']}"
    return doors


def test_haproxy_sends_each_path_where_the_ingress_says() -> None:
    text = CONFIG.read_text()
    doors = {"/": re.findall(r"default_backend (\S+)", text)[0]}
    deeper: Doors = {}
    for backend, conditions in re.findall(r"use_backend (\S+) if (.*path.*)", text):
        for paths in re.findall(r"\{ path (.*?) \}", conditions):
            doors |= dict.fromkeys(paths.split(), backend)
        for paths in re.findall(r"\{ path_beg (.*?) \}", conditions):
            deeper |= {path.rstrip("/"): backend for path in paths.split()}
    assert doors == of_ingresses("lab-one")
    assert deeper == {path: backend for path, backend in doors.items() if path != "/"}


def test_the_gateway_sends_each_path_where_the_ingress_says() -> None:
    ports = {
        (one["metadata"]["name"], port["port"]): port["name"]
        for one in of_kind("one", "Service")
        for port in one["spec"]["ports"]
    }
    doors: Doors = {}
    for route in of_kind("one", "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            (target,) = rule["backendRefs"]
            name = f"{target['name']}.{ports[target['name'], target['port']]}"
            doors |= {match["path"]["value"]: name for match in rule["matches"]}
    assert doors == of_ingresses("lab-one")
    assert of_kind("one", "Ingress") == []


@pytest.mark.parametrize("overlay", NAMES)
def test_no_ingress_has_a_way_of_its_own_to_a_purge(overlay: str) -> None:
    paths = set(of_ingresses(overlay))
    for route in of_kind(overlay, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            paths |= {match["path"]["value"] for match in rule.get("matches", ())}
    assert [path for path in paths if "purge" in path] == []


def test_haproxy_of_a_lab_refuses_in_the_words_of_the_local_one() -> None:
    lines = [line.strip() for line in CONFIG.read_text().splitlines()]
    said = [line for line in lines if line.startswith(("http-error", "http-request return"))]
    own = [line for line in said if "/livez" not in line]
    assert own == [*error_lines(), *ingress_lines()]
