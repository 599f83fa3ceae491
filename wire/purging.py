"""Removes the documents of a scenario on purpose; fences and tallies stay as they are."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis
from redis.exceptions import WatchError

from wire import keys
from wire.documents import Documents, Range
from wire.fences import Fences, read_fences


async def purge(scenario: str, redis: Redis, documents: Documents) -> int:
    """Removes every document up to the fences; returns how many there were.

    The floor is raised before anything is removed, so that whatever dies in between nothing
    looks lost, and the next purge removes what this one left. Raises RedisError or
    DocumentsError.
    """
    collection = keys.logs_collection(scenario)
    while True:
        fences = await read_fences(redis, scenario)
        there = sum([await documents.count(collection, wanted) for wanted in fences.ranges()])
        if await _raise_floor(scenario, redis, fences, there):
            break
    for tp, fence in fences.fences.items():
        await documents.delete(collection, Range(tp, -1, fence))
    return there


async def _raise_floor(scenario: str, redis: Redis, fences: Fences, there: int) -> bool:
    """False where somebody else purged since the fences were read."""
    key = keys.floor_key(scenario)
    books = keys.books_key(scenario)
    async with redis.pipeline(transaction=True) as pipe:
        await pipe.watch(key)
        if await pipe.hgetall(key) != _fields(scenario, fences.floors):
            return False
        pipe.multi()  # type: ignore[no-untyped-call]
        for field, offset in _fields(scenario, fences.fences).items():
            pipe.hset(key, field, offset)
        pipe.hincrby(books, "purged", there)
        pipe.hincrby(books, "version", 1)
        try:
            await pipe.execute()
        except WatchError:
            return False
    return True


def _fields(scenario: str, offsets: Mapping[str, int]) -> dict[str, str]:
    group, topic = keys.consumer_group(scenario), keys.events_topic(scenario)
    found = {}
    for tp, offset in offsets.items():
        topic_id, _, partition = tp.rpartition(":")
        found[keys.fence_field(group, topic, topic_id, int(partition))] = str(offset)
    return found
