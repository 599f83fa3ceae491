"""Rows (c): a backlog drained by 1, 2, 3 and 5 consumers, against what the stores can do."""

from __future__ import annotations

import sys

from bench import limits
from bench.accepting import ratio
from bench.cost import cpu_seconds
from bench.filling import fill
from bench.processes import free_port, running
from bench.setting import Scratch, Setting, reached
from wire import keys

CONSUMERS = (1, 2, 3, 5)
HEAD = (
    "| what | events/s | bulk limit of documents | of Redis | share of the slower store "
    "| CPU us/event |\n|---|---:|---:|---:|---:|---:|"
)
_INCREMENTS = 50_000


async def print_rows(setting: Setting, consumers: tuple[int, ...] = CONSUMERS) -> None:
    """Each drain with the limits of the stores as they were just before and just after it."""
    print(f"\n(c) backlog of {setting.backlog:,}\n\n{HEAD}")
    stores, first = await _stores(setting), ""
    for count in consumers:
        async with setting.scratch() as scratch:
            drain = _Drain(setting, scratch, count)
            await drain.fill()
            if not first:
                rate = await limits.reading(setting, drain.topic, setting.backlog)
                print(f"| reading the topic alone | {rate:,.0f} | | | | |")
            rate, cost = await drain.run()
        before, stores = stores, await _stores(setting)
        documents, redis = ((x + y) / 2 for x, y in zip(before, stores, strict=True))
        words = f"{count} consumer{'s' if count > 1 else ''}"
        share = rate / min(documents, redis)
        print(
            f"| {words} | {rate:,.0f} | {documents:,.0f} | {redis:,.0f} "
            f"| {share:.2f} | {cost:.0f} |",
            flush=True,
        )
        what = f"drain by {words} to the slower store's bulk limit"
        first = first or ratio(what, rate, min(documents, redis), 0.85)
    print(f"\n{first}")


async def _stores(setting: Setting) -> tuple[float, float]:
    """Bulk limits of documents and Redis now.

    As many documents as the backlog has: inserts get slower as the collection grows.
    """
    return (
        await limits.documents(setting, setting.backlog),
        await limits.counters(setting, _INCREMENTS),
    )


class _Drain:
    """One backlog in a scenario of its own."""

    def __init__(self, setting: Setting, scratch: Scratch, consumers: int) -> None:
        self._setting = setting
        self._scratch = scratch
        self._consumers = consumers
        self.topic = keys.events_topic(scratch.name)
        self._total = 0

    async def fill(self) -> None:
        """The backlog, spread over all partitions."""
        await self._setting.make_topic(self.topic)
        self._total = await fill(self._setting, self.topic, self._setting.backlog)

    async def run(self) -> tuple[float, float]:
        """Events/s from the first counted event to the last, and CPU us per event."""
        total = self._total
        envs = [
            {**self._scratch.env, "POD_NAME": f"bench-{n}", "ADMIN_PORT": str(free_port())}
            for n in range(self._consumers)
        ]

        async def counted() -> int:
            return await self._setting.counted(self._scratch.name)

        async with running([sys.executable, "-m", "services.consumer"], envs) as pids:
            begun = await reached(counted, 1, 60)
            first, cpu = await counted(), cpu_seconds(pids)
            # asking costs CPU that stores and consumers would use
            ended = await reached(counted, total, every=0.1)
            cost = (cpu_seconds(pids) - cpu) / (total - first) * 1e6
            return (total - first) / (ended - begun), cost
