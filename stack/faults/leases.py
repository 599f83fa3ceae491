"""Faults that the stack holds: each has an end, and ends by itself when that has come."""

from __future__ import annotations

import asyncio
import contextlib
import random
import string
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from host.errors import StackError
from stack.faults import reading
from stack.faults.model import Fault, FaultPlan, Phase
from stack.faults.plan import Planner
from stack.faults.preview import Preview
from stack.links import StackLinks
from stack.strangers import Stranger
from stack.supervisor.events import Events

ELSEWHERE = "elsewhere-"
KEPT = 100
"""Finished faults that are remembered."""
_RETRY = 0.5


@dataclass(slots=True)
class LeasedFault:
    """One fault, as the API answers it. Times are seconds since the epoch."""

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
    figures: Mapping[str, Any] | None = None
    """What it counts; None for most kinds."""

    def to_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return asdict(self)


class _Lease:
    def __init__(self, status: LeasedFault, plan: FaultPlan) -> None:
        self.status = status
        self.injection = plan.injection
        self.over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Leases:
    """Injects, counts down, recovers and verifies."""

    def __init__(self, planner: Planner, links: StackLinks, events: Events, namespace: str) -> None:
        self._planner = planner
        self._links = links
        self._events = events
        self._namespace = namespace
        self._leases: dict[str, _Lease] = {}
        self._seen: dict[str, float] = {}
        """Id of what somebody else did -> when it was first seen."""

    def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """What would be hit now. Raises StackError where it cannot be done."""
        return self._planner.preview(reading.fault(manifest, self._namespace))

    def statuses(self) -> list[LeasedFault]:
        """All that are held, and the finished ones of late, oldest first."""
        return [lease.status for lease in self._leases.values()]

    async def all(self) -> list[LeasedFault]:
        """Those of `statuses`, and what somebody else has put on the links."""
        return [*self.statuses(), *(self._elsewhere(one) for one in await self._links.strangers())]

    async def inject(self, manifest: Mapping[str, Any], run: str) -> LeasedFault:
        """Starts it; it ends by itself. Raises StackError, and then nothing is left injected."""
        fault = reading.fault(manifest, self._namespace)
        key = f"{fault.what.action}-{_random_part()}"
        lease = self._lease(fault, self._planner.draw(fault, key), key, run)
        status = lease.status
        try:
            await lease.injection.inject()
        except StackError as error:
            status.message = error.message
            await self._end(lease)
            raise
        status.injected = time.time()
        if lease.injection.time_begins_active and fault.duration is not None:
            status.ends = status.injected + fault.duration
        self._tell(status, "Applied", ", ".join(status.targets) or "nothing was drawn")
        if fault.duration is None:
            status.recovered = status.injected
            status.phase = "finished"
        else:
            status.phase = "running"
            lease.task = asyncio.ensure_future(self._hold(lease))
        return status

    async def recover(self, fault_id: str) -> LeasedFault:
        """Ends it now; answers when nothing of it is left. Raises StackError if not."""
        lease = self._leases.get(fault_id)
        if lease is None and fault_id.startswith(ELSEWHERE):
            return await self._restore(fault_id)
        if lease is None:
            raise StackError(
                f"There is no fault {fault_id}.", "See `controlroom chaos list`.", "not_found"
            )
        if lease.status.phase != "finished":
            lease.over.set()
            if lease.task is not None:
                await asyncio.wait({lease.task})
        if lease.status.phase != "finished":
            raise StackError(lease.status.message or f"{fault_id} is not recovered.")
        return lease.status

    async def _restore(self, fault_id: str) -> LeasedFault:
        """Takes away what somebody else has put on a link; nothing is left of one that is gone."""
        for one in await self._links.strangers():
            if one.id == fault_id:
                await self._links.restore(one.link)
                status = self._elsewhere(one)
                self._tell(status, "Recovered", f"{one.link}: {', '.join(one.wrongs)}")
                status.phase, status.recovered = "finished", time.time()
                return status
        raise StackError(f"There is no fault {fault_id} any more.", "", "not_found")

    def _elsewhere(self, one: Stranger) -> LeasedFault:
        return LeasedFault(
            id=one.id,
            run="",
            kind="NetworkChaos",
            action="elsewhere",
            name=one.link,
            targets=(one.link,),
            phase="running",
            created=self._seen.setdefault(one.id, time.time()),
            message=f"not the stack's: {', '.join(one.wrongs)}",
        )

    async def close(self) -> None:
        """Ends all."""
        active = [s.id for s in self.statuses() if s.phase != "finished"]
        await asyncio.gather(*(self.recover(one) for one in active), return_exceptions=True)

    def _lease(self, fault: Fault, plan: FaultPlan, key: str, run: str) -> _Lease:
        now = time.time()
        status = LeasedFault(
            id=key,
            run=run,
            kind=fault.kind,
            action=fault.what.action,
            name=fault.name,
            targets=plan.injection.hits or tuple(victim.name for victim in plan.victims),
            phase="injecting",
            created=now,
            ends=None if fault.duration is None else now + fault.duration,
        )
        lease = self._leases[status.id] = _Lease(status, plan)
        self._forget()
        return lease

    def _forget(self) -> None:
        done = [one for one in self.statuses() if one.phase == "finished"]
        for status in done[:-KEPT]:
            del self._leases[status.id]

    async def _hold(self, lease: _Lease) -> None:
        """Waits for the end, and keeps the fault up meanwhile where its kind has to."""
        every = lease.injection.every
        assert lease.status.ends is not None
        while (left := lease.status.ends - time.time()) > 0 and not lease.over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    lease.over.wait(), left if every is None else min(left, every)
                )
            if every is not None and not lease.over.is_set():
                with contextlib.suppress(StackError, OSError):
                    await lease.injection.again()
            self._follow(lease)
            if lease.injection.over:
                break
        await self._end(lease)

    def _follow(self, lease: _Lease) -> None:
        """What is known only while it lasts."""
        status, injection = lease.status, lease.injection
        if injection.hits is not None:
            status.targets, status.message = injection.hits, injection.message
        status.figures = injection.figures or None

    async def _end(self, lease: _Lease) -> None:
        """Takes it back; tries again until it is verified or patience is over."""
        status = lease.status
        status.phase = "deleting"
        for attempt in range(20):
            try:
                await lease.injection.recover()
            except StackError as error:
                status.message = error.message
                await asyncio.sleep(_RETRY * (attempt + 1))
            else:
                self._follow(lease)
                status.phase = "finished"
                status.recovered = time.time()
                self._tell(status, "Recovered", ", ".join(status.targets))
                return
        status.message = f"may still be injected: {status.message}"
        self._tell(status, "Failed", status.message)

    def _tell(self, status: LeasedFault, reason: str, message: str) -> None:
        self._events.add("fault", status.id, reason, message)


def _random_part() -> str:
    return "".join(random.choices(string.ascii_lowercase + string.digits, k=5))
