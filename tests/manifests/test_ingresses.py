"""A scenario's Ingress fits every overlay: its class, or routes of its Gateway."""

from __future__ import annotations

import copy

import pytest

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.deploy.ingresses import fit
from controlroom.targets.kubernetes.deploy.rendering import overlay_path, render
from controlroom.targets.kubernetes.deploy.systems import with_scenario
from scenarios.loading import load
from tests.manifests import schema
from tests.manifests.rendering import WHOLE, Object, renderer
from tests.manifests.test_doors import doors_of

pytestmark = pytest.mark.engines


async def rendered(overlay: str) -> list[Object]:
    """covid on top of an overlay, as it lies in the files."""
    renderer()
    with with_scenario(overlay_path(overlay), load("covid")) as folder:
        return await render(folder)


def covid_of(objects: list[Object], kind: str) -> Object:
    (found,) = (o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, "covid"))
    return found


def routed(objects: list[Object]) -> dict[str, str]:
    """Path -> Service and the name of its port, of all HTTPRoutes."""
    ports = {
        (one["metadata"]["name"], port["port"]): port["name"]
        for one in objects
        if one["kind"] == "Service"
        for port in one["spec"]["ports"]
    }
    return {
        match["path"]["value"]: f"{target['name']}.{ports[target['name'], target['port']]}"
        for one in objects
        if one["kind"] == "HTTPRoute"
        for rule in one["spec"]["rules"]
        for target in rule["backendRefs"]
        for match in rule["matches"]
    }


@pytest.mark.parametrize("overlay", WHOLE)
async def test_every_door_of_a_scenario_is_open_on_every_overlay(overlay: str) -> None:
    objects = await rendered(overlay)
    before = copy.deepcopy(objects)
    wanted = doors_of([covid_of(objects, "Ingress")])
    fit(objects)
    made = [one for one in objects if one not in before]
    assert [problem for one in made for problem in schema.problems(one)] == []
    kinds = {one["kind"] for one in before}
    classes = {one["spec"].get("ingressClassName") for one in objects if one["kind"] == "Ingress"}
    if "Gateway" in kinds:
        assert classes == set(), "a Gateway reads no Ingress"
        assert wanted.items() <= routed(objects).items()
        models = [one["spec"]["parentRefs"] for one in before if one["kind"] == "HTTPRoute"]
        assert covid_of(objects, "HTTPRoute")["spec"]["parentRefs"] in models
        assert len(objects) == len(before)
    else:
        assert len(classes) == 1, "one controller reads them all"
        assert doors_of([covid_of(objects, "Ingress")]) == wanted


async def test_an_ingress_gets_what_the_controller_of_the_class_is_told() -> None:
    objects = await rendered("cluster-a")
    fit(objects)
    ingest = next(o for o in objects if (o["kind"], o["metadata"]["name"]) == ("Ingress", "ingest"))
    covid = covid_of(objects, "Ingress")
    assert covid["spec"]["ingressClassName"] == ingest["spec"]["ingressClassName"] == "nginx"
    assert covid["metadata"]["annotations"] == ingest["metadata"]["annotations"]


async def test_an_ingress_with_a_class_of_its_own_is_left_alone() -> None:
    objects = await rendered("one")
    covid_of(objects, "Ingress")["spec"]["ingressClassName"] = "own"
    before = copy.deepcopy(objects)
    fit(objects)
    assert objects == before


async def test_hosts_and_exact_paths_are_those_of_the_ingress() -> None:
    objects = await rendered("one")
    spec = covid_of(objects, "Ingress")["spec"]
    one = copy.deepcopy(spec["rules"][0]["http"]["paths"][0])
    spec["rules"].append({"host": "a.example", "http": {"paths": [{**one, "pathType": "Exact"}]}})
    fit(objects)
    assert "hostnames" not in covid_of(objects, "HTTPRoute")["spec"]
    (of_host,) = (o for o in objects if o["metadata"]["name"] == "covid-1")
    assert of_host["spec"]["hostnames"] == ["a.example"]
    (match,) = of_host["spec"]["rules"][0]["matches"]
    assert match["path"] == {"type": "Exact", "value": one["path"]}
    assert schema.problems(of_host) == []


async def test_a_path_to_a_port_that_is_not_there_is_refused_by_name() -> None:
    objects = await rendered("one")
    path = covid_of(objects, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]
    path["backend"]["service"]["port"]["name"] = "other"
    with pytest.raises(Refused, match="leads /greet to port other of grpc-client"):
        fit(objects)
