"""One turn of one way into one queue: how much is offered, what is through, and what it took.

A turn is bounded. At its limit a way is offered no more than what it stores: so many events may be
accepted and not through yet, and what is through makes room for the next ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import psutil
from redis.asyncio import Redis

from bench.cost import cpu_seconds
from bench.http_load import Outcome
from bench.setting import Setting
from wire import keys
from wire.bookkeeping import auditing
from wire.committed import read_committed
from wire.documents import Documents
from wire.ending import end
from wire.ranges import Range

SIZE, CONNECTIONS = 10, 50
EVERY = 0.05
"""Seconds between two looks at what is through."""
PERCENTILES = (0.5, 0.95, 0.99)


class Row(NamedTuple):
    """What one turn gave."""

    accepted: float
    stored: float
    cost: float
    """Microseconds of CPU per stored event."""
    memory: float
    """MiB of all its processes."""
    p50: float
    p95: float
    p99: float
    lost: float


class Drive(Protocol):
    """Sends requests of SIZE events for so many seconds."""

    async def __call__(
        self, seconds: float, rate: float, allowed: AsyncIterator[int] | None
    ) -> Outcome:
        """`rate`: requests per second; `allowed`: see bench.http_load.ordered."""


class Seen(NamedTuple):
    """What was stored at a moment, and the CPU seconds that it had taken."""

    at: float
    stored: int
    cpu: float


class Watch:
    """Looks at what is through, from the beginning of a turn on."""

    def __init__(self, redis: Redis, scenario: str, pids: Sequence[int]) -> None:
        self._redis = redis
        self._books = keys.books_key(scenario)
        self._pids = [*pids]
        self._news = asyncio.Event()
        self._through = self._before = 0
        self.begun = self.first = self.last = Seen(0.0, 0, 0.0)
        """The beginning, and the first and the last look that found more than the one before."""

    async def begin(self) -> None:
        """What is through now is not of this turn."""
        stored, through = await self._look()
        self._before = self._through = through
        seen = Seen(time.perf_counter(), stored, cpu_seconds(self._pids))
        self.begun = self.first = self.last = seen

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            stored, through = await self._look()
            if stored > self.last.stored:
                self.last = Seen(time.perf_counter(), stored, cpu_seconds(self._pids))
                self.first = self.last if self.first is self.begun else self.first
            if through > self._through:
                self._through = through
                self._news.set()
            await asyncio.sleep(EVERY)

    async def allowed(self, backlog: int) -> AsyncIterator[int]:
        """How many events may have been sent, so that no more than `backlog` are not through."""
        while True:
            self._news.clear()
            yield self._through - self._before + backlog
            await self._news.wait()

    @property
    def rate(self) -> float:
        """Events stored per second in the time in which some were. What the first look found had
        been on its way before, so it is left out, unless there was no other."""
        since = self.first if self.last.stored > self.first.stored else self.begun
        return (self.last.stored - since.stored) / max(EVERY, self.last.at - since.at)

    @property
    def cost(self) -> float:
        """Microseconds of CPU per stored event."""
        return (self.last.cpu - self.begun.cpu) / max(1, self.last.stored - self.begun.stored) * 1e6

    async def _look(self) -> tuple[int, int]:
        """Events that are stored, and those that are through: stored, lost, or seen before."""
        names = ("counted", "gaps", "dead", "repeated")
        found = [int(each or 0) for each in await self._redis.hmget(self._books, names)]
        return found[0], sum(found)


@dataclass
class Stage:
    """A queue with its consumers, in a scenario of its own."""

    setting: Setting
    queue: str
    scenario: str
    pids: list[int]
    brokers: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """As `wire.bookkeeping.Endpoints` has it."""
        return self.setting.doors[name]

    async def lost(self) -> int:
        """Of all so far, once nothing is on its way."""
        async with auditing(self.scenario, (self.queue,), self, patience=30.0) as auditor:
            while (books := await auditor.audit(0.05)).in_flight:
                await asyncio.sleep(EVERY)
            return books.lost

    async def places(self) -> dict[str, int]:
        """How far everything is counted."""
        async with self.setting.redis() as redis:
            return (await read_committed(redis, self.scenario)).offsets

    async def waits(self, before: dict[str, int]) -> list[int]:
        """Milliseconds of every event since then, from published to handed to the store, sorted."""
        store, waits = Documents(self.setting.doors["mongo"], timeout=60), []
        for tp, upto in (await self.places()).items():
            wanted = Range(tp, before.get(tp, -1), upto)
            found = await store.find(keys.logs_collection(self.scenario), wanted)
            waits += [document["stored"] - document["at"] for document in found]
        await store.close()
        return sorted(waits) or [0]


@dataclass
class Way:
    """One door into one queue."""

    name: str
    stage: Stage
    drive: Drive
    pids: list[int]
    """Of the door and of the consumers behind it."""
    rows: dict[float, list[Row]] = field(default_factory=dict)
    """Offered events/s, 0 for as many as are stored -> the turns."""

    async def turn(self, rate: float, seconds: float, backlog: int) -> None:
        """Offers so much for a while, and waits until it is through."""
        stage = self.stage
        before, lost = await stage.places(), await stage.lost()
        async with stage.setting.redis() as redis:
            watch = Watch(redis, stage.scenario, self.pids)
            await watch.begin()
            looking = asyncio.ensure_future(watch.run())
            try:
                allowed = None if rate else watch.allowed(backlog)
                outcome = await self.drive(seconds, rate / SIZE, allowed)
                lost = await stage.lost() - lost
            finally:
                await end([looking])
        waits = await stage.waits(before)
        p50, p95, p99 = (waits[min(len(waits) - 1, int(s * len(waits)))] for s in PERCENTILES)
        memory = sum(psutil.Process(pid).memory_info().rss for pid in self.pids) / (1 << 20)
        row = Row(outcome.rate, watch.rate, watch.cost, memory, p50, p95, p99, lost)
        self.rows.setdefault(rate, []).append(row)
