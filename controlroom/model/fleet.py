"""Deployments, pods, engines and events of a target."""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.model.links import ClusterLinks


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod. `cpu` in cores, `memory` in bytes, `started` in seconds since the epoch."""

    name: str
    deployment: str
    ready: bool
    phase: str
    restarts: int
    started: float
    cpu: float | None
    memory: int | None
    containers: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment and its autoscaler's bounds, where it has one."""

    name: str
    replicas: int
    ready: int
    restarts: int
    age: float | None
    """Seconds since its newest pod started."""
    cpu: float | None
    """Cores, over all pods."""
    memory: int | None
    minimum: int | None = None
    maximum: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What an engine takes on the disk of this machine. Bytes."""

    used: int
    free: int
    """Left on its file system."""
    full: bool
    """So little is left that no events are taken."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine of the local stack (or a store that the target reports)."""

    name: str
    state: str
    restarts: int = 0
    started: float | None = None
    cpu: float | None = None
    memory: int | None = None
    message: str = ""
    disk: DiskUse | None = None
    """None where its disk cannot be seen."""


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """Something that happened to an object, as `kubectl get events` says it."""

    at: float
    kind: str
    object: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that runs."""

    deployments: tuple[Deployment, ...]
    pods: tuple[Pod, ...]
    engines: tuple[Engine, ...] = ()
    events: tuple[FleetEvent, ...] = ()
    """Newest last, at most some dozens."""
    started: float | None = None
    """When the stack came up, or the cluster's namespace was made."""
    notes: tuple[str, ...] = ()
    """What is not shown and why, such as a missing right; one sentence each."""
    links: ClusterLinks | None = None
    """Links to other clusters; None where the target is no cluster, or has not said yet."""
