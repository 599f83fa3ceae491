"""A Prometheus that knows DNS alone finds the pods of whatever scenario is deployed with it."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import pytest
import yaml

from controlroom.targets.kubernetes.deploy.rendering import overlay_path, pod_specs, render
from controlroom.targets.kubernetes.deploy.scraped import FILE, fill
from controlroom.targets.kubernetes.deploy.systems import with_scenario
from scenarios.loading import load
from tests.manifests.rendering import Object, renderer

pytestmark = pytest.mark.engines


async def rendered(overlay: str, scenario: str) -> list[Object]:
    """The objects before `deploy` adds to them."""
    renderer()
    with with_scenario(overlay_path(overlay), load(scenario)) as folder:
        return await render(folder)


def metrics_ports(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Workload and the name of each port with metrics, as the pods declare them."""
    return {
        (one["metadata"]["name"], port["name"])
        for one, pod in pod_specs(list(objects))
        for container in [*(pod.get("initContainers") or ()), *pod["containers"]]
        for port in container.get("ports") or ()
        if port.get("name", "").startswith("admin")
    }


def scraped(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """The same, as Prometheus asks DNS for them, where a Service of that name selects the pods."""
    objects = list(objects)
    workloads = {one["metadata"]["name"]: one for one, _ in pod_specs(objects)}
    services = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Service"}
    (config,) = (one for one in objects if FILE in (one.get("data") or {}))
    (job,) = (
        one
        for one in yaml.safe_load(config["data"][FILE])["scrape_configs"]
        if one["job_name"] == "linkerd-proxy"
    )
    found = set()
    for name in job["dns_sd_configs"][0]["names"]:
        port, _, service, namespace, *_ = name.split(".")
        workload = service.removesuffix("-metrics")
        if workload in workloads:
            one = services[service]
            labels = workloads[workload]["spec"]["template"]["metadata"]["labels"]
            assert one["spec"]["selector"].items() <= labels.items(), name
            assert one["metadata"]["namespace"] == namespace
            assert port.removeprefix("_") in {each["name"] for each in one["spec"]["ports"]}
            found.add((workload, port.removeprefix("_")))
    return found


@pytest.mark.parametrize("scenario", ["bands", "covid", "worldcup"])
async def test_every_pod_with_metrics_is_found(scenario: str) -> None:
    objects = await rendered("lab-one", scenario)
    fill(objects)
    assert scraped(objects) == metrics_ports(objects)
    assert (("subscribers", "admin") in scraped(objects)) == (scenario == "covid")


async def test_prometheus_is_replaced_when_its_file_changes() -> None:
    objects = await rendered("lab-one", "covid")
    fill(objects)
    (config,) = (one for one in objects if FILE in (one.get("data") or {}))
    (pod,) = (pod for one, pod in pod_specs(objects) if one["metadata"]["name"] == "prometheus")
    named = {volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume}
    assert named == {config["metadata"]["name"]}


@pytest.mark.parametrize(("overlay", "scenario"), [("one", "covid"), ("lab-one", "bands")])
async def test_nothing_is_added_where_all_are_found_already(overlay: str, scenario: str) -> None:
    objects = await rendered(overlay, scenario)
    before = copy.deepcopy(objects)
    fill(objects)
    assert objects == before
