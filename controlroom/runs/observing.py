"""Looks at a target while an experiment goes on: stores, pods, Prometheus; a sample a second."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Self

from controlroom.experiments.measures import AGE, EVERY, GOLDEN_WINDOW, Sample
from controlroom.experiments.services import FleetSeen, ServicesSeen
from controlroom.model.golden import GoldenRow
from controlroom.model.queries import TrafficRow
from controlroom.runs.golden_reader import GoldenReader
from controlroom.runs.load_meter import Meter
from controlroom.runs.queue_times import Edges, QueueTimes
from controlroom.runs.recovery import PATIENCE, RecoveryLook, RecoveryTarget, RecoveryWatch
from controlroom.targets.abilities import TargetError
from wire.ending import end

DRAIN_TIME = 20.0
"""Seconds that what waits in the queue gets after a block."""
DOORS = {"http": "producer-http", "grpc": "producer-grpc", "wasm": "producer-wasm"}


class Observer:
    """Three loops of its own, so that a store that does not answer holds no sample up."""

    def __init__(self, target: RecoveryTarget) -> None:
        self._watch = RecoveryWatch(target)
        self._golden = GoldenReader(target)
        self._target = target
        self._queue_times = QueueTimes(target)
        self._fleet = FleetSeen()
        self._services: dict[str, ServicesSeen] = {}
        self._phase = ""
        self._rows: tuple[TrafficRow, ...] = ()
        self._look = (0.0, RecoveryLook())
        self._row: tuple[float, GoldenRow | None] = (0.0, None)
        self._before = RecoveryLook()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._follow_stores()),
            asyncio.create_task(self._follow_golden()),
            asyncio.create_task(self._follow_fleet()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._tasks)
        await self._golden.close()
        await self._queue_times.close()
        await self._watch.__aexit__()

    async def begin(self, door: str) -> None:
        """A block begins: its door, and the books and the fleet as they are now."""
        await self._queue_times.begin()
        self._fleet, self._services = FleetSeen(), {}
        self._rows = (TrafficRow(DOORS[door], "inbound"),) if door else ()
        self._row = (0.0, None)
        self._before = await self._watch.look_again()

    def phase(self, name: str) -> None:
        """Another phase of the block begins; empty for none."""
        self._phase = name

    def services(self, phase: str) -> dict[str, dict[str, float]]:
        """What deployments and engines took in a phase, see `ServicesSeen.told`."""
        seen = self._services.get(phase)
        return seen.told() if seen is not None else {}

    @property
    def fleet(self) -> FleetSeen:
        """What became of pods and engines since the block began."""
        return self._fleet

    async def queue_times(self, edges: Edges) -> dict[str, dict[str, float]]:
        """Phase -> how long its events waited, see `QueueTimes.told`."""
        return await self._queue_times.told(edges)

    def sample(self, phase: str, meter: Meter) -> Sample:
        """The second that is over now."""
        good, bad, p50, p95, p99 = meter.second()
        look, row = self._fresh_look(), self._fresh_row()
        lost, doubled = self.missed(look)
        made = Sample(
            time.time(), phase, good, bad, p50, p95, p99, look.lag, look.missing, lost, doubled
        )
        if row is None:
            return made
        return replace(made, golden_success=row.success, golden_rps=row.rps, golden_p95=row.p95)

    def missed(self, look: RecoveryLook) -> tuple[int | None, int | None]:
        """Events lost and doubled since the block began; None where that is not known."""
        before = self._before
        return _more(look.lost, before.lost), _more(look.doubled, before.doubled)

    async def golden(self, seconds: float) -> dict[str, float | None]:
        """What Prometheus says of the last seconds; nothing of fewer than its window."""
        if seconds < GOLDEN_WINDOW or not self._rows:
            return {}
        found = await self._golden.read(round(seconds), self._rows)
        if found is None:
            return {}
        names = ("success", "rps", "p50", "p95", "p99")
        return {name: getattr(found.rows[0], name) for name in names}

    async def drained(self) -> RecoveryLook:
        """Waits until the queue is as empty as it was before the block, at most `DRAIN_TIME`; then
        documents are counted anew."""
        began = time.monotonic()
        while True:
            look = self._fresh_look()
            empty = look.lag is not None and look.lag <= (self._before.lag or 0)
            new = self._look[0] >= began
            if (new and empty) or time.monotonic() > began + DRAIN_TIME:
                return await self._watch.look_again()
            await asyncio.sleep(0.25)

    async def first_look(self) -> bool:
        """Waits for the first look at the stores; False where nothing was seen."""
        limit = time.monotonic() + DRAIN_TIME
        while time.monotonic() < limit:
            if self._fresh_look().lag is not None:
                return True
            await asyncio.sleep(0.1)
        return False

    async def _follow_stores(self) -> None:
        while True:
            began = time.monotonic()
            look = await self._watch.look()
            self._look = (began, look)
            await asyncio.sleep(max(0.1, EVERY - (time.monotonic() - began)))

    async def _follow_fleet(self) -> None:
        """By itself, because books that take long would leave seconds out."""
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    fleet = await self._target.fleet()
            except (TargetError, TimeoutError):
                pass
            else:
                self._fleet.see(fleet)
                self._services.setdefault(self._phase, ServicesSeen()).see(fleet)
            await asyncio.sleep(max(0.1, EVERY - (time.monotonic() - began)))

    async def _follow_golden(self) -> None:
        while True:
            rows = self._rows
            if rows:
                found = await self._golden.read(GOLDEN_WINDOW, rows)
                if rows is self._rows:
                    self._row = (time.monotonic(), found.rows[0] if found is not None else None)
            await asyncio.sleep(EVERY)

    def _fresh_look(self) -> RecoveryLook:
        at, look = self._look
        return look if time.monotonic() - at < AGE else RecoveryLook()

    def _fresh_row(self) -> GoldenRow | None:
        at, row = self._row
        return row if time.monotonic() - at < AGE else None


def _more(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else max(0, after - before)
