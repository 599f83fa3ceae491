"""Numbers, names and folders of a lab and of its clusters: everything that is decided beforehand.

Each lab on a machine has a number, and its networks follow from it, so labs never share one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

LETTERS = "ab"
"""One letter for each cluster that a lab may have."""
NUMBERS = range(64)
NETWORK = "10.200.0.0/14"
"""Where all labs of a machine lie: one /16 each for nodes, pods, services and the join."""
PREFIX = 14
DOMAIN = "cluster.local"

Network = ipaddress.IPv4Network
Address = ipaddress.IPv4Address


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One cluster. Networks that are a /30 hold two ends of a link."""

    lab: int
    letter: str
    folder: Path
    """Its files on this machine; the cluster itself sees them under HOME of `lab.inside`."""
    link: Network
    pods: Network
    services: Network
    join: Address
    """Its end of the link to the other cluster."""

    @property
    def name(self) -> str:
        """The name of its context: `lab-a`."""
        return f"lab-{self.letter}"

    @property
    def node(self) -> str:
        """The name of its only node."""
        return f"{self.name}-node"

    @property
    def tag(self) -> str:
        """The name of its link and of its cgroups on this machine, such as `lab0a`."""
        return f"lab{self.lab}{self.letter}"

    @property
    def gateway(self) -> Address:
        """This machine's end of the link."""
        return self.link[1]

    @property
    def address(self) -> Address:
        """The node's address, reachable from this machine."""
        return self.link[2]

    @property
    def joined(self) -> tuple[Network, ...]:
        """What the other cluster reaches over the join: the node, pods and services."""
        return Network(f"{self.address}/32"), self.pods, self.services

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://{self.address}:6443"

    @property
    def api_service(self) -> Address:
        """The API server's address for pods: Kubernetes takes the first of the services."""
        return self.services[1]

    @property
    def dns(self) -> Address:
        """The name service's address for pods."""
        return self.services[10]

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.folder / "pki"

    @property
    def logs(self) -> Path:
        """What its programs say, one file each."""
        return self.folder / "logs"

    @property
    def status(self) -> Path:
        """What its first process writes about its programs."""
        return self.folder / "status.json"


@dataclass(frozen=True, slots=True)
class LabPlan:
    """One lab: its number on this machine and its clusters."""

    number: int
    folder: Path
    clusters: tuple[ClusterPlan, ...]

    @property
    def kubeconfig(self) -> Path:
        """The lab's own, with one context for each cluster."""
        return self.folder / "kubeconfig"


def plan(number: int, clusters: int, folder: Path, network: str = NETWORK) -> LabPlan:
    """The plan of a lab. `network` is a /14. Raises ValueError where it is not."""
    nodes, pods, services, joins = _quarters(network)
    base = number * len(LETTERS)
    join = _part(joins, 30, number)
    return LabPlan(
        number,
        folder,
        tuple(
            ClusterPlan(
                lab=number,
                letter=letter,
                folder=folder / letter,
                link=_part(nodes, 30, base + index),
                pods=_part(pods, 24, base + index),
                services=_part(services, 24, base + index),
                join=join[index + 1],
            )
            for index, letter in enumerate(LETTERS[:clusters])
        ),
    )


def networks(of: LabPlan) -> tuple[Network, ...]:
    """All networks that the lab occupies on this machine."""
    return tuple(
        network
        for cluster in of.clusters
        for network in (cluster.link, cluster.pods, cluster.services)
    )


def _quarters(network: str) -> tuple[Network, Network, Network, Network]:
    whole = Network(network)
    if whole.prefixlen != PREFIX:
        raise ValueError(f"{network} is no /{PREFIX}")
    first, second, third, fourth = whole.subnets(new_prefix=16)
    return first, second, third, fourth


def _part(network: Network, prefix: int, index: int) -> Network:
    """The index-th part of that size."""
    size = 2 ** (32 - prefix)
    return Network((int(network.network_address) + index * size, prefix))
