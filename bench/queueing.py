"""Rows (e): how long an event waits from Kafka's clock to the store, at shares of the capacity."""

from __future__ import annotations

import asyncio

from bench import http_load
from bench.bodies import SCENARIO
from bench.setting import Setting
from wire import keys
from wire.documents import Documents
from wire.ranges import Range
from wire.topics import OffsetReader

SHARES = (0.1, 0.5, 0.9)
HEAD = "| load | events/s | p50 ms | p95 ms | p99 ms |\n|---|---:|---:|---:|---:|"
AIM_MS = 250
"""Of the 99th percentile at half of the capacity."""
_AIMED = 0.5
_SIZE = 10


async def print_rows(setting: Setting, capacity: float) -> None:
    """`capacity`: stored events/s, as it was measured in the same run."""
    print(
        f"\n(e) queue time, produced to handed to the store; capacity {capacity:,.0f}/s\n\n{HEAD}"
    )
    offsets, store = OffsetReader(setting.doors["kafka"]), Documents(setting.doors["mongo"])
    urls = [f"http://{a}/input" for a in setting.ports("producer-http", "http")]
    aim = ""
    for share in SHARES:
        before = await offsets.end_offsets(keys.events_topic(SCENARIO))
        rate = capacity * share / _SIZE
        outcome = await http_load.drive(urls, _SIZE, 50, setting.seconds * 2, rate)
        while setting.stack.books()["in_flight"]:
            await asyncio.sleep(0.2)
        waits = await _waits(offsets, store, before)
        figures = [waits[min(len(waits) - 1, int(s * len(waits)))] for s in (0.5, 0.95, 0.99)]
        columns = " | ".join(str(figure) for figure in figures)
        print(f"| {share:.0%} | {outcome.rate:,.0f} | {columns} |", flush=True)
        if share == _AIMED:
            aim = f"p99 at {share:.0%}: {figures[-1]} ms (aim {AIM_MS}: "
            aim += f"{'reached' if figures[-1] <= AIM_MS else 'missed'})"
    print(f"\n{aim}")
    await store.close()
    await offsets.close()


async def _waits(offsets: OffsetReader, store: Documents, before: dict[int, int]) -> list[int]:
    """Milliseconds of every event since `before`, sorted."""
    topic = await offsets.topic(keys.events_topic(SCENARIO))
    waits: list[int] = []
    for partition, end in (await offsets.ends_of(topic)).items():
        wanted = Range(keys.partition_id(topic.id, partition), before[partition] - 1, end - 1)
        found = await store.find(keys.logs_collection(SCENARIO), wanted)
        waits += [document["stored"] - document["at"] for document in found]
    return sorted(waits)
