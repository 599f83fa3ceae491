"""Variables of a Deployment are set through the API of a real cluster, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from controlroom.targets.abilities import Refused, UnknownName
from controlroom.targets.kubernetes.api import STRATEGIC, Api
from controlroom.targets.kubernetes.resources import DEPLOYMENTS
from controlroom.targets.kubernetes.workloads import Workloads
from tests.targets.objects import deployment, make_deployment

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(300)]

SECRET = {"name": "TOUCHED", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


async def env_of(api: Api, namespace: str, name: str) -> list[list[dict[str, Any]]]:
    """The variables of each container."""
    found = await api.get(DEPLOYMENTS.path(namespace, name))
    return [one.get("env", []) for one in found["spec"]["template"]["spec"]["containers"]]


async def test_they_are_set_in_each_container_and_the_former_ones_come_back(
    api: Api, namespace: str
) -> None:
    made = deployment("reader")
    containers = made["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0], "name": "other", "env": [{"name": "PACE", "value": "3"}]})
    await api.create(DEPLOYMENTS.path(namespace), made)
    before = await env_of(api, namespace, "reader")
    names = ["PACE", "MAX_STREAMS"]
    workloads = Workloads(api, namespace)
    found = await workloads.configured("reader", names)
    assert found.values == {
        "main": {"PACE": None, "MAX_STREAMS": None}, "other": {"PACE": "3", "MAX_STREAMS": None}
    }  # fmt: skip
    wanted = {key: {"PACE": "9", "MAX_STREAMS": "10"} for key in found.values}
    await workloads.configure("reader", wanted)
    now = await workloads.configured("reader", names)
    assert now.values == wanted
    assert now.rolling
    await workloads.configure("reader", found.values)
    assert (await workloads.configured("reader", names)).values == found.values
    assert await env_of(api, namespace, "reader") == before


async def test_it_is_rolling_until_all_pods_are_new_and_ready(api: Api, namespace: str) -> None:
    await make_deployment(api, namespace, "reader", ready=2, replicas=2)
    workloads = Workloads(api, namespace)
    assert (await workloads.configured("reader", ["MAX_STREAMS"])).rolling == ""
    await workloads.configure("reader", {"main": {"MAX_STREAMS": "10"}})
    now = await workloads.configured("reader", ["MAX_STREAMS"])
    assert now.rolling == "the change is not seen yet"
    path = DEPLOYMENTS.path(namespace, "reader")
    generation = (await api.get(path))["metadata"]["generation"]
    status = {
        "observedGeneration": generation, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 2,
    }  # fmt: skip
    await api.patch(f"{path}/status", {"status": status}, STRATEGIC)
    now = await workloads.configured("reader", ["MAX_STREAMS"])
    assert now.rolling == "1 of 2 replaced, 2 ready"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("STREAMS", "reader has no setting STREAMS; it has DRAIN_SECONDS, HEARTBEAT_SECONDS"),
        ("MONGO_PASSWORD", "MONGO_PASSWORD of reader is a secret"),
        ("TOUCHED", "reader has no setting TOUCHED"),
    ],
)
async def test_what_may_not_be_set_is_refused_by_name(
    api: Api, namespace: str, name: str, why: str
) -> None:
    made = deployment("reader")
    made["spec"]["template"]["spec"]["containers"][0]["env"] = [SECRET]
    await api.create(DEPLOYMENTS.path(namespace), made)
    with pytest.raises(Refused) as refused:
        await Workloads(api, namespace).configured("reader", [name])
    assert str(refused.value).startswith(why)


async def test_a_tunable_that_comes_from_another_object_is_refused(
    api: Api, namespace: str
) -> None:
    made = deployment("reader")
    made["spec"]["template"]["spec"]["containers"][0]["env"] = [{**SECRET, "name": "MAX_STREAMS"}]
    await api.create(DEPLOYMENTS.path(namespace), made)
    with pytest.raises(Refused, match="MAX_STREAMS of reader comes from another object"):
        await Workloads(api, namespace).configured("reader", ["MAX_STREAMS"])


async def test_a_deployment_that_is_not_there_is_told(api: Api, namespace: str) -> None:
    with pytest.raises(UnknownName, match="There is no deployment nosuch"):
        await Workloads(api, namespace).configured("nosuch", ["PACE"])
