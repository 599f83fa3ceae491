"""Links from this cluster to others, and the services that come by them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterLink:
    """One other cluster, as Linkerd's multicluster extension mirrors it."""

    cluster: str
    gateway: str
    """`host:port` of its gateway; empty where pods reach each other directly."""
    services: tuple[str, ...]
    """Mirrored services in the pipeline's namespace, by their names here."""
    trouble: str = ""
    """What the mirroring says is wrong; empty where nothing is."""
    alive: bool | None = None
    """Whether the gateway answers its probes; None where nobody tells."""
    latency: float | None = None
    """p95 of the probes, ms."""


@dataclass(frozen=True, slots=True)
class ClusterLinks:
    """All of them. `installed` is False where the cluster does not serve their kind."""

    installed: bool
    links: tuple[ClusterLink, ...] = ()
