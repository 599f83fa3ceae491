"""How long processing stands still when a consumer comes or goes.

`python -m bench.rebalance [--rate 2000] [--times 3]` brings up a stack of its own, keeps events
coming, scales the consumers 2 to 3 and back, and prints for each change the longest time in
which nothing was counted, and in the end median and worst of each kind. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import time

from bench import http_load
from bench.bodies import SCENARIO
from bench.running_stack import on_own_stack
from bench.setting import Setting
from tests.own_stack import OwnStack
from wire import keys
from wire.topics import OffsetReader

_SIZE = 20
_SETTLED = 8.0
"""Seconds that the row without a change is watched."""
_AFTER = 2.0
"""Seconds that are watched after the group has as many members as were asked for."""


class Pauses:
    """Watches the version of the books, which rises with every batch that is counted."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.longest = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        async with self._setting.redis() as redis:
            seen, since = None, time.perf_counter()
            while True:
                version = await redis.hget(keys.books_key(SCENARIO), "version")
                now = time.perf_counter()
                if version != seen:
                    seen, since = version, now
                self.longest = max(self.longest, now - since)
                await asyncio.sleep(0.005)

    async def over(self, seconds: float) -> float:
        """The longest pause within the next seconds, in ms."""
        self.longest = 0.0
        await asyncio.sleep(seconds)
        return self.longest * 1e3


async def _joined(setting: Setting, replicas: int) -> None:
    async with asyncio.timeout(60), OffsetReader(setting.doors["kafka"]) as reader:
        while len(await reader.members(keys.consumer_group(SCENARIO))) != replicas:
            await asyncio.sleep(0.1)


async def measure(setting: Setting, rate: float, times: int) -> None:
    """Prints a row for each change, then one for each kind of change."""
    urls = [f"http://{a}/input" for a in setting.ports("producer-http", "http")]
    whole = (times * 2 + 2) * 60.0
    load = asyncio.create_task(http_load.drive(urls, _SIZE, 20, whole, rate / _SIZE))
    pauses = Pauses(setting)
    watch = asyncio.create_task(pauses.run())
    await asyncio.sleep(3)
    print("| change | longest pause ms |\n|---|---:|", flush=True)
    print(f"| none | {await pauses.over(_SETTLED):.0f} |", flush=True)
    found: dict[int, list[float]] = {3: [], 2: []}
    for _ in range(times):
        for replicas, pauses_of_kind in found.items():
            change = asyncio.create_task(
                asyncio.to_thread(setting.stack.run, "scale", "consumer", str(replicas))
            )
            pauses.longest = 0.0
            await change
            await _joined(setting, replicas)
            await asyncio.sleep(_AFTER)
            longest = pauses.longest * 1e3
            pauses_of_kind.append(longest)
            print(f"| to {replicas} consumers | {longest:.0f} |", flush=True)
    for replicas, kind in found.items():
        middle, worst = statistics.median(kind), max(kind)
        print(f"| to {replicas}: median of {times} | {middle:.0f} |")
        print(f"| to {replicas}: worst of {times} (aim 1000) | {worst:.0f} |", flush=True)
    for task in (watch, load):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.rebalance", description=__doc__)
    parser.add_argument("--rate", type=float, default=2000.0, help="events a second")
    parser.add_argument("--times", type=int, default=3, help="changes of each kind")
    args = parser.parse_args()

    def measured(stack: OwnStack) -> None:
        setting = Setting(stack, stack.endpoints(), 0.0, 0, 0)
        asyncio.run(measure(setting, args.rate, args.times))

    return on_own_stack(measured)


if __name__ == "__main__":
    sys.exit(main())
