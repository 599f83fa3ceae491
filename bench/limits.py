"""What broker and stores can do alone with the same events, in the same run."""

from __future__ import annotations

import asyncio
import json
import time
import uuid

from bench.bodies import http_bodies
from bench.setting import PARTITIONS, Setting
from wire import keys

_CHUNK = 1_000
_WRITERS = 4
_NAME = "bench-limits"
_TOPIC_ID = str(uuid.uuid4())
_EVENTS = [json.loads(body) for body in http_bodies(1)]


async def reading(setting: Setting, topic: str, events: int) -> float:
    """Events/s of one plain reader of the topic."""
    reader = setting.reader()
    await reader.start()
    reader.subscribe([topic])
    begun, seen = time.perf_counter(), 0
    while seen < events:
        batches = await reader.getmany(timeout_ms=200, max_records=5_000)
        seen += sum(map(len, batches.values()))
    rate = seen / (time.perf_counter() - begun)
    await reader.stop()
    return rate


async def documents(setting: Setting, events: int) -> float:
    """Documents/s of the best of one and of several writers with unordered bulks of 1,000."""
    return max([await _documents(setting, events, writers) for writers in (1, _WRITERS)])


async def _documents(setting: Setting, events: int, writers: int) -> float:
    collection = setting.mongo()[_NAME]
    await collection.drop()
    await collection.create_index([("tp", 1), ("o", 1)])
    chunks = iter(range(events // _CHUNK))

    async def write() -> None:
        for chunk in chunks:
            await collection.insert_many(_chunk(chunk), ordered=False)

    begun = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    rate = events // _CHUNK * _CHUNK / (time.perf_counter() - begun)
    await collection.drop()
    return rate


def _chunk(number: int) -> list[dict[str, object]]:
    """Documents as the consumer writes them, with an id of a topic, which the index repeats."""
    tp = keys.partition_id(_TOPIC_ID, number % PARTITIONS)
    now = time.time_ns() // 1_000_000
    return [
        {
            "_id": keys.document_id(tp, offset),
            "tp": tp,
            "o": offset,
            "id": uuid.uuid4().hex,
            "origin": "http",
            "at": now,
            "stored": now,
            "event": _EVENTS[offset % len(_EVENTS)],
        }
        for offset in range(number * _CHUNK, (number + 1) * _CHUNK)
    ]


_COUNT = """
for event = 1, tonumber(ARGV[1]) do
  redis.call('HINCRBY', KEYS[1], event % 20, 1)
end
"""


async def counters(setting: Setting, events: int) -> float:
    """Increments/s, one for each event, in scripts of 1,000."""
    async with setting.redis() as redis:
        count = redis.register_script(_COUNT)
        begun = time.perf_counter()
        for _ in range(events // _CHUNK):
            await count(keys=[_NAME], args=[_CHUNK])
        rate = events // _CHUNK * _CHUNK / (time.perf_counter() - begun)
        await redis.delete(_NAME)
    return rate
