"""How far the consumers of a scenario are behind, as its streams say it."""

from __future__ import annotations

from redis.asyncio import Redis

from wire import keys
from wire.committed import read_committed
from wire.queues.streams import names


class StreamsLag:
    """See wire.queues.kind.Lag; raises RedisError."""

    def __init__(self, scenario: str, redis: Redis) -> None:
        self._scenario = scenario
        self._redis = redis

    async def waiting(self, readable: bool = False) -> dict[int, int]:
        """Over all generations. There are no transactions, so all of it may be read."""
        committed = await read_committed(self._redis, self._scenario)
        topic = keys.events_topic(self._scenario)
        waiting: dict[int, int] = {}
        for each in await names.generations(self._redis, self._scenario, topic):
            for partition, end in each.ends.items():
                tp = keys.partition_id(each.id, partition)
                behind = max(0, end - committed.offsets.get(tp, -1) - 1)
                waiting[partition] = waiting.get(partition, 0) + behind
        return waiting

    async def end(self) -> int:
        """Also of generations that are gone, as far as they were counted."""
        committed = await read_committed(self._redis, self._scenario)
        ends = {tp: offset + 1 for tp, offset in committed.offsets.items()}
        topic = keys.events_topic(self._scenario)
        for each in await names.generations(self._redis, self._scenario, topic):
            for partition, end in each.ends.items():
                tp = keys.partition_id(each.id, partition)
                ends[tp] = max(end, ends.get(tp, 0))
        return sum(ends.values())

    async def members(self) -> int:
        """Those that live."""
        seconds, micros = await self._redis.time()
        now = seconds * 1000 + micros // 1000
        return int(await self._redis.zcount(names.members_key(self._scenario), now, "+inf"))

    async def close(self) -> None:
        """Ends the connection."""
        await self._redis.aclose()
