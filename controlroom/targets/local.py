"""The local stack as a target: its daemon's answers in the words of the abilities."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from controlroom.model.fleet import Fleet, FleetEvent
from controlroom.settings import Settings
from controlroom.targets import reading
from controlroom.targets.abilities import (
    Configured,
    Endpoints,
    FaultStatus,
    LoadRequest,
    LoadStatus,
    Preview,
    Refused,
    TargetError,
    TargetInfo,
    UnknownName,
    Unreachable,
)
from host.errors import StackError
from host.paths import stack_socket
from stack.client import StackClient

EVENTS = 50
"""Newest events that are kept."""


class LocalTarget:
    """Speaks to the stack's daemon over its socket."""

    def __init__(self, client: StackClient) -> None:
        self._client = client
        self._events: deque[FleetEvent] = deque(maxlen=EVENTS)
        self._seen = 0

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The stack of the settings' state folder; nothing is connected yet."""
        return cls(StackClient(stack_socket(settings.state_dir)))

    async def status(self) -> Mapping[str, Any]:
        """All that the stack says of itself, as JSON. Raises Unreachable."""
        with _translated():
            return reading.checked(await self._client.status())

    async def info(self) -> TargetInfo:
        """Who it is."""
        status = await self.status()
        with _readable():
            return reading.info(status)

    async def fleet(self) -> Fleet:
        """Everything that runs, with the newest events."""
        status = await self.status()
        if status.get("last_event") != self._seen:
            await self._read_events()
        with _readable():
            return reading.fleet(status, self._events, time.time())

    async def endpoints(self) -> Endpoints:
        """The endpoints. Raises Unreachable while the stack is not yet up."""
        with _translated():
            endpoints = await self._client.endpoints()
        try:
            return reading.endpoints(endpoints)
        except KeyError as error:
            raise Unreachable(
                "The local stack is still starting.", "Wait for it: `controlroom up`."
            ) from error

    async def scale(self, deployment: str, replicas: int) -> None:
        """Another number of replicas."""
        with _translated():
            await self._client.scale(deployment, replicas)

    async def configured(self, deployment: str, names: Sequence[str]) -> Configured:
        """These variables now."""
        with _translated():
            found = await self._client.variables(deployment, names)
        return Configured(found["values"], found["rolling"])

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Other variables; the stack forgets them when it ends."""
        with _translated():
            await self._client.configure(deployment, values)

    async def preview_restart(self, deployment: str) -> Preview:
        """All pods of the deployment, one at a time."""
        fleet = await self.fleet()
        pods = [pod for pod in fleet.pods if pod.deployment == deployment]
        if deployment not in [one.name for one in fleet.deployments]:
            raise UnknownName(f"There is no deployment {deployment}.", "See `controlroom status`.")
        return Preview(
            matched=len(pods),
            hits=tuple(pod.name for pod in pods),
            hit_count=len(pods),
            stays=sum(pod.ready for pod in pods),
            effect="Each is ended once its successor is ready.",
            ends="When all are replaced.",
        )

    async def restart(self, deployment: str) -> None:
        """Its pods are replaced one by one."""
        with _translated():
            await self._client.restart_deployment(deployment)

    async def pod_log(self, pod: str, lines: int = 100, previous: bool = False) -> Sequence[str]:
        """The last lines of a pod or an engine."""
        with _translated():
            return await self._client.logs(pod, lines, previous)

    async def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """What a fault would hit now."""
        with _translated():
            return reading.preview(await self._client.preview_fault(manifest))

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """Starts a fault; the stack holds its end."""
        with _translated():
            return reading.fault(await self._client.inject_fault(manifest, run))

    async def faults(self) -> Sequence[FaultStatus]:
        """All faults that it holds."""
        with _translated():
            found = await self._client.faults()
        with _readable():
            return [reading.fault(one) for one in found]

    async def recover(self, fault: str) -> FaultStatus:
        """Ends one fault and answers when that is verified."""
        with _translated():
            return reading.fault(await self._client.recover_fault(fault))

    async def check_pause(self, fault: str) -> None:
        """Refused: the stack's daemon ends a fault, or holds it."""
        raise Refused(
            "The local stack does not pause faults.", f"End it: `controlroom chaos stop {fault}`."
        )

    async def pause(self, fault: str, on: bool) -> None:
        """Refused."""
        await self.check_pause(fault)

    async def inner_ingress(self) -> str:
        """Refused, as all that has to do with Jobs."""
        raise _no_jobs()

    async def start_load(self, request: LoadRequest) -> str:
        """Refused."""
        raise _no_jobs()

    async def load_lines(self, load: str, heard: float | None) -> AsyncIterator[bytes]:
        """Refused."""
        raise _no_jobs()
        yield b""

    async def drain_load(self, load: str) -> None:
        """Refused."""
        raise _no_jobs()

    async def end_load(self, load: str) -> None:
        """There is never one to end."""

    async def loads(self) -> Sequence[LoadStatus]:
        """Never any."""
        return ()

    async def close(self) -> None:
        """Lets go of the connection."""
        await self._client.close()

    async def _read_events(self) -> None:
        with _translated():
            answer = await self._client.events(self._seen)
        with _readable():
            last = int(answer["last"])
            events = [reading.event(one) for one in answer["events"]]
        if last < self._seen:
            self._events.clear()
        self._events.extend(events)
        self._seen = last


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        kinds = {"unreachable": Unreachable, "refused": Refused, "not_found": UnknownName}
        raise kinds.get(error.kind, TargetError)(error.message, error.fix) from error


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise reading.unreadable(f"{type(error).__name__}: {error}") from error


def _no_jobs() -> Refused:
    return Refused(
        "The local stack has no Jobs: load comes from this machine.", "Leave --in-cluster out."
    )
