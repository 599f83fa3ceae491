"""The queues beside each other, by the same doors, on the same engines.

`python -m bench.queues [--seconds 5] [--rounds 2] [--store python] [--queues direct pubsub]` brings
up a stack of its own and for each queue a producer and two consumers. In every round each queue has
its turn, at its limit and then at 10, 50 and 90 % of what the slowest one stores. It prints per
queue: accepted and stored events/s, CPU of its processes per event and their memory (resident, at
the end of a turn), queue time (published to handed to the store), lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psutil

from bench import http_load
from bench.cost import cpu_seconds
from bench.processes import answering, free_port, running
from bench.running_stack import STORES, on_own_stack, print_machine
from bench.setting import Setting
from tests.own_stack import OwnStack
from wire import keys
from wire.bookkeeping import auditing
from wire.committed import read_committed
from wire.documents import Documents
from wire.ranges import Range

QUEUES = ("direct", "pubsub", "streams", "kafka")
CONSUMERS = 2
SIZE, CONNECTIONS = 10, 50
SHARES = (0.1, 0.5, 0.9)
WARM = 1.0
PERCENTILES = (0.5, 0.95, 0.99)
HEAD = (
    "| queue | offered/s | accepted/s | stored/s | us CPU/event | MiB | p50 ms | p95 ms | p99 ms "
    "| lost |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


class Row(NamedTuple):
    """What one turn of one queue gave."""

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


@dataclass
class Line:
    """One queue with its processes."""

    queue: str
    setting: Setting
    scenario: str
    url: str
    pids: list[int]
    rows: dict[float, list[Row]] = field(default_factory=dict)
    """Offered events/s, 0 for as many as go -> the turns."""
    brokers: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """As `wire.bookkeeping.Endpoints` has it."""
        return self.setting.doors[name]

    async def turn(self, rate: float) -> None:
        """Offers so much for a while, and waits until it is through."""
        before, lost = await self._places(), await self._lost()
        counted, cpu = await self.setting.counted(self.scenario), cpu_seconds(self.pids)
        begun = time.perf_counter()
        seconds = self.setting.seconds
        outcome = await http_load.drive([self.url], SIZE, CONNECTIONS, seconds, rate / SIZE)
        lost = await self._lost() - lost
        stored = await self.setting.counted(self.scenario) - counted
        spent = time.perf_counter() - begun
        cost = (cpu_seconds(self.pids) - cpu) / max(1, stored) * 1e6
        waits = await self._waits(before)
        p50, p95, p99 = (waits[min(len(waits) - 1, int(s * len(waits)))] for s in PERCENTILES)
        memory = sum(psutil.Process(pid).memory_info().rss for pid in self.pids) / (1 << 20)
        row = Row(outcome.rate, stored / spent, cost, memory, p50, p95, p99, lost)
        self.rows.setdefault(rate, []).append(row)

    async def _lost(self) -> int:
        """Of all so far, once nothing is on its way."""
        async with auditing(self.scenario, (self.queue,), self, patience=30.0) as auditor:
            while (books := await auditor.audit(0.05)).in_flight:
                await asyncio.sleep(0.05)
            return books.lost

    async def _places(self) -> dict[str, int]:
        async with self.setting.redis() as redis:
            return (await read_committed(redis, self.scenario)).offsets

    async def _waits(self, before: dict[str, int]) -> list[int]:
        """Milliseconds of every event since then, sorted."""
        store, waits = Documents(self.setting.doors["mongo"], timeout=60), [0]
        for tp, upto in (await self._places()).items():
            wanted = Range(tp, before.get(tp, -1), upto)
            found = await store.find(keys.logs_collection(self.scenario), wanted)
            waits += [document["stored"] - document["at"] for document in found]
        await store.close()
        return sorted(waits)

    def told(self, rate: float) -> str:
        """The line of the table: the middle of all turns, and all that was lost."""
        turns = self.rows[rate]
        middle = Row(*(statistics.median(values) for values in zip(*turns, strict=True)))
        lost = sum(int(row.lost) for row in turns)
        offered = f"{rate:,.0f}" if rate else "all that goes"
        return (
            f"| {self.queue} | {offered} | {middle.accepted:,.0f} | {middle.stored:,.0f} | "
            f"{middle.cost:.0f} | {middle.memory:.0f} | {middle.p50:.0f} | {middle.p95:.0f} | "
            f"{middle.p99:.0f} | {lost} |"
        )


@contextlib.asynccontextmanager
async def line(setting: Setting, queue: str) -> AsyncIterator[Line]:
    """A queue with its processes, which end with the block."""
    async with setting.scratch(queue) as scratch:
        ports = [free_port() for _ in range(2)]
        env = {**scratch.env, "HTTP_PORT": str(ports[0]), "ADMIN_PORT": str(ports[1])}
        consumers = [
            {**scratch.env, "POD_NAME": f"{queue}-{n}", "ADMIN_PORT": str(free_port())}
            for n in range(CONSUMERS)
        ]
        consumer = [sys.executable, "-m", "services.consumer"]
        producer = [sys.executable, "-m", "services.producer_http"]
        async with (
            running(consumer, consumers) as receiving,
            running(producer, [{**env, "POD_NAME": f"{queue}-p"}]) as publishing,
        ):
            await answering([f"127.0.0.1:{port}" for port in ports], 60)
            url = f"http://127.0.0.1:{ports[0]}/input"
            made = Line(queue, setting, scratch.name, url, [*receiving, *publishing])
            begun = await setting.counted(scratch.name)
            while await setting.counted(scratch.name) == begun:
                await http_load.drive([url], SIZE, CONNECTIONS, WARM)
            yield made


async def measure_all(setting: Setting, queues: Sequence[str]) -> None:
    """Prints the tables."""
    print_machine()
    async with contextlib.AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line(setting, queue)) for queue in queues]

        async def table(rate: float) -> None:
            for _ in range(setting.rounds):
                for each in lines:
                    await each.turn(rate)
            print(f"\n{HEAD}")
            for each in lines:
                print(each.told(rate), flush=True)

        await table(0.0)
        slowest = min(statistics.median(r.stored for r in each.rows[0.0]) for each in lines)
        for share in SHARES:
            await table(round(slowest * share / SIZE) * SIZE)


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.queues", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="load of each turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each queue and load")
    parser.add_argument("--store", default="python", choices=STORES, help="the document store")
    parser.add_argument("--queues", nargs="+", default=QUEUES, choices=QUEUES)
    args = parser.parse_args()

    def measure(stack: OwnStack) -> None:
        setting = Setting(stack, stack.endpoints(), args.seconds, args.rounds, 0)
        asyncio.run(measure_all(setting, args.queues))

    return on_own_stack(measure, {"CONTROLROOM_DOCUMENT_STORE": args.store})


if __name__ == "__main__":
    sys.exit(main())
