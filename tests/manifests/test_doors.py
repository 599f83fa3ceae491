"""The doors of the clusters are those of the Ingress objects, whoever opens them."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.deploy.doors import FILE, fill
from controlroom.targets.kubernetes.deploy.rendering import overlay_path, render
from controlroom.targets.kubernetes.deploy.systems import with_scenario
from host.install.commands import find_program
from host.project import PROJECT
from scenarios.loading import load
from stack.refusals import error_lines, ingress_lines
from tests.manifests.rendering import NAMES, Object, of_kind, renderer

pytestmark = pytest.mark.engines

CONFIG = PROJECT / "k8s" / "components" / "ingress-haproxy" / "haproxy.cfg"
Doors = dict[str, str]


def of_ingresses(overlay: str) -> Doors:
    """Path -> Service and its port."""
    return doors_of(of_kind(overlay, "Ingress"))


def doors_of(objects: Iterable[Object]) -> Doors:
    """The same of the Ingress objects among these."""
    doors = {}
    for one in objects:
        if one["kind"] != "Ingress":
            continue
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                doors[path["path"]] = f"{service['name']}.{service['port']['name']}"
    return doors


async def deployed(scenario: str) -> list[Object]:
    """What `deploy` applies to a cluster of the lab."""
    renderer()
    with with_scenario(overlay_path("lab-one"), load(scenario)) as folder:
        objects = await render(folder)
    fill(objects)
    return objects


def file_of(objects: Iterable[Object]) -> str:
    """The file that the haproxy among them reads, by the name in its Deployment."""
    named = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    pod = named["Deployment", "ingress"]["spec"]["template"]["spec"]
    return str(named["ConfigMap", pod["volumes"][0]["configMap"]["name"]]["data"]["haproxy.cfg"])


@pytest.mark.parametrize("scenario", ["bands", "covid"])
async def test_haproxy_of_a_lab_sends_each_path_where_the_ingress_says(
    scenario: str, tmp_path: Path
) -> None:
    objects = await deployed(scenario)
    text = file_of(objects)
    doors: Doors = {}
    deeper: Doors = {}
    for backend, conditions in re.findall(r"use_backend (\S+) if (.*path.*)", text):
        doors |= dict.fromkeys(re.findall(r"\{ path (\S+) \}", conditions), backend)
        deeper |= dict.fromkeys(re.findall(r"\{ path_beg (\S+) \}", conditions), backend)
    wanted = doors_of(objects)
    assert {**doors, "/": deeper["/"]} == wanted
    assert deeper == {f"{path.rstrip('/')}/": backend for path, backend in wanted.items()}
    assert ("/greet" in doors) == (scenario == "covid")
    # one that begins as another is not taken for what lies below it
    lines = [line for line in text.splitlines() if "use_backend" in line]
    assert lines[-1].endswith("if { path_beg / }")
    # each leads to a Service that names its pods
    services = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Service"}
    for backend in set(wanted.values()):
        name, port = backend.split(".")
        (where,) = re.findall(
            rf"backend {backend}\n(?:  .*\n)*?  server-template pod 6 (\S+)", text
        )
        assert where == f"_{port}._tcp.{name}-pods.controlroom.svc.cluster.local"
        pods = services[f"{name}-pods"]["spec"]
        assert (pods["clusterIP"], pods["selector"]) == (
            "None",
            services[name]["spec"]["selector"],
        )
    (tmp_path / "haproxy.cfg").write_text(text)
    # haproxy takes it, and the file of the overlay alone too
    checked(tmp_path / "haproxy.cfg")
    checked(CONFIG)


def checked(file: Path) -> None:
    """haproxy's own check of its configuration."""
    haproxy = find_program("haproxy")
    assert haproxy is not None
    done = subprocess.run([haproxy, "-c", "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_pods_of_the_ingress_are_replaced_when_its_paths_change() -> None:
    names = []
    for scenario in ("bands", "covid"):
        (one,) = (o for o in await deployed(scenario) if FILE in (o.get("data") or {}))
        names.append(one["metadata"]["name"])
    assert len(set(names)) == 2
    # where an ingress controller reads the objects, nothing is put anywhere
    with with_scenario(overlay_path("one"), load("covid")) as folder:
        objects = await render(folder)
    before = copy.deepcopy(objects)
    fill(objects)
    assert objects == before


async def test_a_path_to_a_port_that_is_not_there_is_refused_by_name() -> None:
    with with_scenario(overlay_path("lab-one"), load("covid")) as folder:
        objects = await render(folder)
    (ingress,) = (o for o in objects if (o["kind"], o["metadata"]["name"]) == ("Ingress", "covid"))
    path = ingress["spec"]["rules"][0]["http"]["paths"][0]
    path["backend"]["service"]["port"]["name"] = "other"
    with pytest.raises(Refused, match="leads /greet to port other of grpc-client"):
        fill(objects)


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
