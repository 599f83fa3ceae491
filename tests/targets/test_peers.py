"""The remote cluster's addresses, read from its nodes and put into what waits for them."""

from __future__ import annotations

import copy

import pytest

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.peers import OPEN, node_addresses, open_slices, settle
from controlroom.targets.kubernetes.resources import NODES
from tests.manifests.rendering import NAMES, objects_of
from tests.manifests.schema import problems

ADDRESSES = ["10.1.0.2", "10.1.0.3"]


@pytest.mark.engines
def test_the_bridge_of_lab_a_gets_the_nodes_of_its_peer() -> None:
    objects = copy.deepcopy(objects_of("lab-a"))
    (waiting,) = open_slices(objects)
    settle(objects, ADDRESSES)
    found = [address for one in waiting["endpoints"] for address in one["addresses"]]
    assert (waiting["metadata"]["name"], found) == ("bridge-server", ADDRESSES)
    assert problems(waiting) == []
    assert OPEN not in str(objects)


@pytest.mark.engines
def test_without_a_peer_it_is_refused_and_the_flag_is_named() -> None:
    with pytest.raises(Refused, match="EndpointSlice bridge-server waits") as refused:
        settle(copy.deepcopy(objects_of("lab-a")), [])
    assert "--peer NAME" in refused.value.fix


@pytest.mark.engines
@pytest.mark.parametrize("overlay", sorted(set(NAMES) - {"lab-a"}))
def test_no_other_overlay_waits_and_a_peer_is_refused(overlay: str) -> None:
    objects = copy.deepcopy(objects_of(overlay))
    settle(objects, [])
    assert objects == objects_of(overlay)
    with pytest.raises(Refused, match="asks for no address"):
        settle(objects, ADDRESSES)


@pytest.mark.clusters
async def test_addresses_are_those_of_the_nodes(api: Api) -> None:
    with pytest.raises(Refused, match="No node of plane has an address"):
        await node_addresses(api)
    for number, address in enumerate(reversed(ADDRESSES)):
        name = f"node-{number}"
        places = [
            {"type": "Hostname", "address": name},
            {"type": "InternalIP", "address": address},
            {"type": "InternalIP", "address": "fd00::1"},
        ]
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        await api.create(NODES.path(), node)
        await api.patch(NODES.path(name=name, sub="status"), {"status": {"addresses": places}})
    try:
        assert await node_addresses(api) == ADDRESSES
    finally:
        for number in range(len(ADDRESSES)):
            await api.delete(NODES.path(name=f"node-{number}"))
