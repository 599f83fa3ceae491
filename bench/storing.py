"""Rows (b): events/s until stored in both stores, sustained, against a pipeline per event."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from bench import http_load
from bench.accepting import OTHERS, WARM, other, ratio
from bench.bodies import SCENARIO
from bench.cost import cpu_seconds, pids_of
from bench.processes import running
from bench.setting import Setting, reached

HEAD = "| pipeline | stored/s | CPU us/event of its processes |\n|---|---:|---:|"
TOPIC = "bench-each"


async def print_rows(setting: Setting) -> float:
    """Both pipelines; the own one's stored events/s."""
    print(f"\n(b) stored in both stores, sustained\n\n{HEAD}")
    own = await _own(setting)
    each = await _per_event(setting)
    print(f"\n{ratio('stored, to the pipeline per event', own, each, 20)}")
    return own


async def _own(setting: Setting) -> float:
    pids = pids_of(setting.stack.status(), ("producer-http", "consumer"))
    urls = [f"http://{a}/input" for a in setting.ports("producer-http", "http")]
    rate = await _sustained(
        setting, "controlroom", pids, urls, 100, 10, lambda: setting.counted(SCENARIO)
    )
    while setting.stack.books()["in_flight"]:
        await asyncio.sleep(0.2)
    return rate


async def _per_event(setting: Setting) -> float:
    async with setting.redis() as redis:
        await redis.delete(TOPIC)

        async def counted() -> int:
            return sum(map(int, (await redis.hgetall(TOPIC)).values()))

        env = {
            "KAFKA_BOOTSTRAP": setting.doors["kafka"],
            "TOPIC": TOPIC,
            "REDIS_URL": setting.doors["redis"],
            "MONGO_URL": setting.doors["mongo"],
        }
        producer = [sys.executable, "-m", "bench.per_event.producer"]
        consumer = [sys.executable, "-m", "bench.per_event.consumer"]
        async with (
            other(setting, producer, TOPIC) as (urls, pids),
            running(consumer, [env] * OTHERS) as more,
        ):
            rate = await _sustained(setting, "per event", pids + more, urls, 1, 50, counted)
        await redis.delete(TOPIC)
    await setting.mongo()[TOPIC].drop()
    return rate


async def _sustained(
    setting: Setting,
    name: str,
    pids: list[int],
    urls: list[str],
    size: int,
    connections: int,
    counted: Callable[[], Awaitable[int]],
) -> float:
    """Stored events/s while more is offered than is stored, once everybody has joined."""
    begin = await counted()
    await http_load.drive(urls, size, connections, WARM)
    await reached(counted, begin + 1, 60)
    load = asyncio.create_task(http_load.drive(urls, size, connections, setting.seconds * 2))
    begun, first, cpu = time.perf_counter(), await counted(), cpu_seconds(pids)
    await load
    stored = await counted() - first
    rate = stored / (time.perf_counter() - begun)
    cost = (cpu_seconds(pids) - cpu) / max(1, stored) * 1e6
    print(f"| {name} | {rate:,.0f} | {cost:.0f} |", flush=True)
    return rate
