"""What a deployment takes from another cluster: its nodes' addresses, and the bridge's secret."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.rendering import Object
from controlroom.targets.kubernetes.resources import NODES
from controlroom.targets.kubernetes.secret import read_secret

BRIDGE = "bridge"
"""Name of the Deployment at the local end, and of the Secret that both ends have."""
OPEN = "192.0.2.1"
"""Stands for an address that is not known yet. It is one for documents, by RFC 5737, so nobody
has it."""


def open_slices(objects: Sequence[Object]) -> list[Object]:
    """The EndpointSlices that wait for addresses of another cluster."""
    return [
        one
        for one in objects
        if one["kind"] == "EndpointSlice"
        and any(OPEN in each["addresses"] for each in one.get("endpoints") or ())
    ]


def calls_across(objects: Sequence[Object]) -> bool:
    """Whether the local end of the bridge is among them."""
    return any(one["kind"] == "Deployment" and one["metadata"]["name"] == BRIDGE for one in objects)


def settle(objects: Sequence[Object], addresses: Sequence[str]) -> None:
    """Puts the addresses into every slice that waits for them.

    Raises Refused where a slice waits and there is no address, and the other way round.
    """
    waiting = open_slices(objects)
    if waiting and not addresses:
        names = ", ".join(f"EndpointSlice {one['metadata']['name']}" for one in waiting)
        raise Refused(
            f"{names} waits for the address of another cluster.",
            "Give --peer NAME, the context of that cluster; its nodes' addresses are taken.",
        )
    if addresses and not waiting:
        raise Refused(
            "This overlay asks for no address of another cluster.",
            "Leave --peer out: a mesh finds the other cluster by its own link.",
        )
    for one in waiting:
        one["endpoints"] = [
            {"addresses": [address], "conditions": {"ready": True}} for address in addresses
        ]


async def node_addresses(api: Api) -> list[str]:
    """The IPv4 address of every node, sorted. Raises Refused where none has any."""
    nodes = (await api.get(NODES.path()))["items"]
    found = sorted(
        place["address"]
        for node in nodes
        for place in node.get("status", {}).get("addresses") or ()
        if place["type"] == "InternalIP" and ":" not in place["address"]
    )
    if not found:
        raise Refused(
            f"No node of {api.context} has an address.", "Wait until its nodes are ready."
        )
    return found


async def bridge_secret(api: Api, namespace: str) -> dict[str, str]:
    """The bridge's secret as that cluster has it. Raises Refused where it has none."""
    found = await read_secret(api, namespace, BRIDGE)
    if not found:
        raise Refused(
            f"Namespace {namespace} of {api.context} has no Secret {BRIDGE}, which both ends of "
            "the bridge need alike.",
            "Deploy the remote side first, and give its context as --peer NAME.",
        )
    return found
