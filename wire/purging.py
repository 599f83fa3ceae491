"""Removes the documents of a scenario on purpose; fences and tallies stay as they are."""

from __future__ import annotations

from redis.asyncio import Redis

from wire import keys
from wire.documents import Documents, Range
from wire.fences import read_fences
from wire.floors import raise_floor


async def purge(scenario: str, redis: Redis, documents: Documents) -> int:
    """Removes every document up to the fences; returns how many there were.

    Every floor is raised before anything is removed; the next purge removes what one that died
    has left. Raises RedisError or DocumentsError.
    """
    there = 0
    upto = (await read_fences(redis, scenario)).fences
    for tp in upto:
        there += await _raise(scenario, redis, documents, tp)
    for tp, fence in upto.items():
        await documents.delete(keys.logs_collection(scenario), Range(tp, -1, fence))
    return there


async def _raise(scenario: str, redis: Redis, documents: Documents, tp: str) -> int:
    """The floor of one partition to its fence; how many documents are below it from now on."""
    while True:
        fences = await read_fences(redis, scenario)
        wanted = next((each for each in fences.ranges() if each.tp == tp), None)
        if wanted is None or wanted.after >= wanted.upto:
            return 0
        count = await documents.count(keys.logs_collection(scenario), wanted)
        if await raise_floor(scenario, redis, documents, wanted, count):
            return count
