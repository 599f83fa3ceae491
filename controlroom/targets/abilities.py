"""Abilities of a target: small protocols, and the facts that they exchange.

The room and the runs know these and nothing else of a target. `targets.local` speaks to the
local stack; a cluster answers the same protocols.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from stack.faults.preview import Preview as Preview

if TYPE_CHECKING:
    from controlroom.model.fleet import Fleet
    from stack.faults.model import Phase


class TargetError(Exception):
    """The target could not do it. `fix` says how to fix that, in one sentence."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Unreachable(TargetError):
    """Nothing answers; worth trying again."""


class Refused(TargetError):
    """The target will not do this, and says why."""


class WrongConfig(Refused):
    """What says where the target is cannot be used: the sentence names file, context or field."""


class UnknownName(Refused):
    """There is nothing of the name that was given."""


class Denied(Refused):
    """A right is missing; the sentence names the verb and the resource."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of the target's engines and ingress, usable by any client on this machine."""

    addresses: Mapping[str, str]
    """Name such as `ingress` or `redis` -> address with its login; empty where there is none."""
    brokers: Mapping[str, str] = field(default_factory=dict)
    """Host that a broker advertises, or its first label -> `host:port` that reaches it from here.
    Empty where brokers are reached by what they advertise."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Endpoint -> why this target has none."""
    elsewhere: frozenset[str] = frozenset()
    """Of the absent those that the target does not claim to have, as one side of a split deployment
    does not; any other should be here."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of those that should be here and are not."""
        return tuple(name for name in self.absent if name not in self.elsewhere)

    def has(self, name: str) -> bool:
        """Whether this target has that endpoint."""
        return bool(self.addresses.get(name))

    def address(self, name: str) -> str:
        """The address of that name. Raises Refused where this target has no such endpoint."""
        if not self.has(name):
            why = self.absent.get(name, f"This target has no {name}.")
            raise Refused(why, "Look at `controlroom endpoints`.")
        return self.addresses[name]


@dataclass(frozen=True, slots=True)
class FaultStatus:
    """A fault that a target holds. Times are seconds since the epoch."""

    id: str
    run: str
    kind: str
    action: str
    name: str
    targets: tuple[str, ...]
    phase: Phase
    created: float
    injected: float | None = None
    recovered: float | None = None
    ends: float | None = None
    message: str = ""
    pausable: bool = False
    """Whether it can be lifted for a while, or put back, now."""
    figures: Mapping[str, Any] | None = None
    """What it counts; None where nothing is counted."""


RECORDS = "records"
"""Name of the file of records beside the `spec.json` of a load that a target sends."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A load that the target is to send by processes of its own."""

    run: str
    spec: str
    """The run's `spec.json`; its file, where it has one, is called `RECORDS`."""
    records: bytes
    """What that file holds; empty where events are generated."""
    workers: int
    seconds: float
    """After so long it is ended, whoever has died by then."""


@dataclass(frozen=True, slots=True)
class LoadStatus:
    """A load that the target sends. Times are seconds since the epoch."""

    id: str
    run: str
    active: bool
    created: float
    ends: float
    """When it is ended at the latest."""
    message: str = ""
    """What is wrong with it; empty where nothing is."""


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
        """Returns when the request is recorded. Raises Refused outside the bounds."""
        ...

    async def preview_restart(self, deployment: str) -> Preview:
        """Which pods a restart would replace. Raises Refused for a deployment it does not know."""
        ...

    async def restart(self, deployment: str) -> None:
        """Replaces all pods by its strategy; returns when the request is recorded."""
        ...


@dataclass(frozen=True, slots=True)
class Configured:
    """Variables of a deployment's containers as they are wanted now."""

    values: Mapping[str, Mapping[str, str | None]]
    """Container -> variable -> value; None where the target says nothing of it."""
    rolling: str = ""
    """Why not all pods have them and are ready, in words; empty where they do."""


class Configures(Protocol):
    """Changes variables of services."""

    async def configured(self, deployment: str, names: Sequence[str]) -> Configured:
        """These variables now. Raises Refused for one that it does not have, or that is a secret
        or an address."""
        ...

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Sets them, as in `Configured`, and replaces the pods by the deployment's strategy;
        returns when the request is recorded."""
        ...


class HasLogs(Protocol):
    """Shows what a pod said."""

    async def pod_log(self, pod: str, lines: int = 100, previous: bool = False) -> Sequence[str]:
        """The last lines of a pod's output, oldest first; those of the life before it was
        restarted where `previous` is meant. Raises Refused where that is not known."""
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

    async def check_pause(self, fault: str) -> None:
        """Raises what `pause` would raise, and changes nothing."""
        ...

    async def pause(self, fault: str, on: bool) -> None:
        """Lifts a fault for a while, or puts it back. Raises Refused where that is not possible."""
        ...


class SendsLoad(Protocol):
    """Sends load by processes of its own, where it has a place for them."""

    async def inner_ingress(self) -> str:
        """The ingress's URL as those processes reach it. Raises Refused where they cannot be."""
        ...

    async def start_load(self, request: LoadRequest) -> str:
        """Starts it and answers its id. Raises Refused where it does not start."""
        ...

    def load_lines(self, load: str, heard: float | None) -> AsyncIterator[bytes]:
        """What the load tells, line by line, until it ends or the connection does.

        `heard`: when the last line came, by `time.monotonic()`; it begins somewhat earlier. None
        is the beginning.
        """
        ...

    async def drain_load(self, load: str) -> None:
        """No new requests; answers are waited for, and the last line is told."""
        ...

    async def end_load(self, load: str) -> None:
        """Ends it now, and whatever belongs to it. One that is gone already is no error."""
        ...

    async def loads(self) -> Sequence[LoadStatus]:
        """All that it holds, those that are over included for some minutes."""
        ...


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What the header and `controlroom info` say of a target."""

    name: str
    scenario: str
    started: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class Located(HasEndpoints, Protocol):
    """Says who it is and where its endpoints are."""

    async def info(self) -> TargetInfo:
        """Who it is. Raises Unreachable."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


class Target(Located, HasFleet, Scales, Configures, HasLogs, InjectsFaults, SendsLoad, Protocol):
    """A target with all abilities."""
