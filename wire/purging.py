"""Removes the documents of a scenario on purpose; committed offsets and tallies stay as they
are."""

from __future__ import annotations

from redis.asyncio import Redis

from wire import keys
from wire.committed import read_committed
from wire.documents import Documents
from wire.low_watermarks import raise_low_watermark
from wire.ranges import Range


async def purge(scenario: str, redis: Redis, documents: Documents) -> int:
    """Removes every document up to the committed offsets; returns how many there were.

    Every low watermark is raised before anything is removed; the next purge removes what one that
    died has left. Raises RedisError or DocumentsError.
    """
    there = 0
    upto = (await read_committed(redis, scenario)).offsets
    for tp in upto:
        there += await _raise(scenario, redis, documents, tp)
    for tp, committed in upto.items():
        await documents.delete(keys.logs_collection(scenario), Range(tp, -1, committed))
    return there


async def _raise(scenario: str, redis: Redis, documents: Documents, tp: str) -> int:
    """The low watermark of one partition to its committed offset; how many documents are below it
    from now on."""
    while True:
        committed_offsets = await read_committed(redis, scenario)
        wanted = next((each for each in committed_offsets.ranges() if each.tp == tp), None)
        if wanted is None or wanted.after >= wanted.upto:
            return 0
        count = await documents.count(keys.logs_collection(scenario), wanted)
        if await raise_low_watermark(scenario, redis, documents, wanted, count):
            return count
