"""Links and routes: from this machine to each cluster, and between the two clusters."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lab.commands import call, entering
from lab.inside import JOIN, UPLINK
from lab.plan import ClusterPlan, LabPlan, Network, networks


async def connect(cluster: ClusterPlan, init: int) -> None:
    """Links this machine with the cluster whose first process is given. Raises StackError.

    The link is gone when the cluster is: the kernel takes both ends with the namespace.
    """
    ends = ("type", "veth", "peer", "name", UPLINK, "netns", str(init))
    await call("ip", "link", "add", cluster.tag, *ends)
    address = f"{cluster.gateway}/{cluster.link.prefixlen}"
    await call("ip", "address", "add", address, "dev", cluster.tag)
    await call("ip", "link", "set", cluster.tag, "up")
    for network in (cluster.pods, cluster.services):
        await call("ip", "route", "add", str(network), "via", str(cluster.address))


async def join(one: int, other: int) -> None:
    """Links two clusters, given by their first processes; they see to their own ends."""
    ends = ("type", "veth", "peer", "name", JOIN, "netns", str(other))
    await call("ip", "link", "add", JOIN, "netns", str(one), *ends)


async def set_join(init: int, up: bool) -> None:
    """Cuts or restores the link between the clusters, at the end of one of them.

    A link that was down has lost the routes over it; the cluster's orders list them.
    """
    await call(*entering(init, "net"), "ip", "link", "set", JOIN, "up" if up else "down")


async def restore_routes(peer: ClusterPlan, init: int) -> None:
    """The routes over the join, which the kernel drops when the link goes down."""
    for network in peer.joined:
        route = ("replace", str(network), "via", str(peer.join), "dev", JOIN)
        await call(*entering(init, "net"), "ip", "route", *route)


async def is_joined(init: int) -> bool:
    """Whether the link between the clusters carries anything."""
    found = json.loads(await call(*entering(init, "net"), "ip", "-json", "link", "show", JOIN))
    return bool(found) and "LOWER_UP" in found[0]["flags"]


async def routed() -> Sequence[Network]:
    """Where this machine's routes lead, without the default route."""
    routes = json.loads(await call("ip", "-json", "-4", "route", "show", "table", "all"))
    found = []
    for route in routes:
        if route["dst"] != "default" and route.get("type") not in ("broadcast", "multicast"):
            found.append(Network(route["dst"], strict=False))
    return found


def collides(plan: LabPlan, taken: Sequence[Network]) -> bool:
    """Whether one of the lab's networks is somebody's already."""
    return any(own.overlaps(other) for own in networks(plan) for other in taken)
