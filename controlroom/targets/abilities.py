"""Abilities of a target: small protocols, and the facts that they exchange.

The room and the runs know these and nothing else of a world. `targets.local` speaks to the
local stack; a cluster answers the same protocols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from controlroom.model.fleet import Fleet


class TargetError(Exception):
    """The target could not do it. `fix` says how to mend that, in one sentence."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Unreachable(TargetError):
    """Nothing answers; worth trying again."""


class Refused(TargetError):
    """The target will not do this, and says why."""


class Denied(Refused):
    """A right is missing; the sentence names the verb and the resource."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the target's doors are, usable by any client on this machine."""

    ingress: str
    kafka: str
    redis: str
    mongo: str
    prometheus: str
    brokers: Mapping[str, str] = field(default_factory=dict)
    """Host that a broker advertises, or its first label -> `host:port` that reaches it from here.
    Empty where brokers are reached by what they advertise."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Door -> why this target has none; its address is empty then."""

    def door(self, name: str) -> str:
        """The address of that name. Raises Refused where this target has no such door."""
        address: str = getattr(self, name)
        if not address:
            why = self.absent.get(name, f"This target has no {name}.")
            raise Refused(why, "Look at `controlroom endpoints`.")
        return address


@dataclass(frozen=True, slots=True)
class Preview:
    """What a fault would hit if it were injected now."""

    matched: int
    """Pods that the selector matches."""
    hits: tuple[str, ...]
    """Names of those that would be hit; chosen at random at injection where the mode says so."""
    hit_count: int
    stays: int
    """Ready pods of the same deployments that stay untouched."""
    effect: str
    """One sentence: what happens."""
    ends: str
    """One sentence: when and how it ends."""
    remarks: tuple[str, ...] = ()
    """How this target carries it out where that differs from Chaos Mesh, and warnings."""


@dataclass(frozen=True, slots=True)
class FaultStatus:
    """A fault that a target holds. Times are seconds since the epoch."""

    id: str
    run: str
    kind: str
    action: str
    name: str
    targets: tuple[str, ...]
    phase: Literal["injecting", "running", "paused", "deleting", "finished"]
    created: float
    injected: float | None = None
    recovered: float | None = None
    ends: float | None = None
    message: str = ""


class HasFleet(Protocol):
    """Says what runs."""

    async def fleet(self) -> Fleet:
        """All deployments, pods, engines and recent events. Raises Unreachable."""
        ...


class HasEndpoints(Protocol):
    """Says where the stores and the ingress are."""

    async def endpoints(self) -> Endpoints:
        """Addresses of the stores as they are now. Raises Unreachable."""
        ...


class Scales(Protocol):
    """Changes the number of replicas."""

    async def scale(self, deployment: str, replicas: int) -> None:
        """Returns when the wish is recorded. Raises Refused outside the bounds."""
        ...


class HasLogs(Protocol):
    """Shows what a pod said."""

    async def pod_log(self, pod: str, lines: int = 100) -> Sequence[str]:
        """The last lines of a pod's output, oldest first."""
        ...


class InjectsFaults(Protocol):
    """Carries out Chaos Mesh objects and holds their end."""

    async def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """What would be hit now. Raises Refused where the target cannot do it."""
        ...

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """Starts it. The target itself ends it at its duration, whoever has died by then."""
        ...

    async def faults(self) -> Sequence[FaultStatus]:
        """All that it holds, finished ones of the last minutes included."""
        ...

    async def recover(self, fault: str) -> FaultStatus:
        """Ends it now and answers when it is verified that nothing is left of it."""
        ...


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What the header and `controlroom info` say of a target."""

    name: str
    scenario: str
    started: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class Located(HasEndpoints, Protocol):
    """Says who it is and where its doors are."""

    async def info(self) -> TargetInfo:
        """Who it is. Raises Unreachable."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


class Target(Located, HasFleet, Scales, HasLogs, InjectsFaults, Protocol):
    """A world with all abilities."""
