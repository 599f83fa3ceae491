"""The generation of a topic that is published to, begun anew where Redis has started again.

A Redis that was killed may come back without its last moments. Then offsets that were given out
would be given once more, to other records, and a consumer would take those for what it has counted.
So each generation has a script of its own, by which alone is published to it. Whoever begins it
brings the script to Redis before, and nobody does so later: Redis keeps scripts in memory only, so
the script is there as long as Redis is, and where it is missing a new generation begins. What the
one before still has is received from it.
"""

from __future__ import annotations

import hashlib
import uuid
from importlib.resources import files

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from wire import keys
from wire.queues.streams import names

_HERE = files("services.queues.streams")
_PUBLISH = _HERE.joinpath("publish.lua").read_text()
_BEGIN = _HERE.joinpath("begin.lua").read_text()
REJECTED_PARTITIONS = 1


def partitions_of(scenario: str, topic: str) -> int:
    """Streams of a generation that begins now."""
    return keys.PARTITIONS if topic == keys.events_topic(scenario) else REJECTED_PARTITIONS


class Topic:
    """One topic, as publishers know it. Every method raises RedisError."""

    def __init__(self, scenario: str, topic: str, redis: Redis) -> None:
        self.partitions = partitions_of(scenario, topic)
        self._scenario = scenario
        self._name = topic
        self._key = names.topic_key(scenario, topic)
        self._redis = redis
        self._current = ""

    async def ensure(self) -> None:
        """Returns when there is a generation."""
        self._current = await self._known() or await self._begin("")

    async def publish(
        self, place: int, publisher: str, number: int, records: int, data: bytes, most: int
    ) -> int:
        """Adds a group to a partition; adds nothing where that `publisher` has done so before.

        Answers 0, or how many bytes wait where `most` may.
        """
        while True:
            if not self._current:
                await self.ensure()
            where = [
                self._key,
                names.generation_key(self._scenario, self._current),
                names.stream_key(self._scenario, self._current, place),
                names.sent_key(self._scenario, f"{publisher}:{self._name}:{place}"),
            ]
            told = [self._current, place, number, records, data, most]
            try:
                answer = await self._redis.evalsha(
                    _sha(self._current),
                    len(where),
                    *where,
                    *told,  # type: ignore[arg-type]
                )
            except NoScriptError:
                self._current = await self._begin(self._current)
                continue
            if answer[0] != 1:
                return int(answer[1]) if answer[0] else 0
            known = await self._known()
            # the same: its stream takes nothing any more
            self._current = known if known != self._current else await self._begin(known)

    async def _known(self) -> str:
        found = await self._redis.hget(self._key, names.CURRENT)
        return found.decode() if isinstance(found, bytes) else found or ""

    async def _begin(self, before: str) -> str:
        """A new generation, or the one that somebody else has begun."""
        new = uuid.uuid4().hex
        await self._redis.script_load(_script(new))
        streams = [names.stream_key(self._scenario, new, p) for p in range(self.partitions)]
        where = [self._key, names.generation_key(self._scenario, new), *streams]
        group = keys.consumer_group(self._scenario)
        found = await self._redis.eval(_BEGIN, len(where), *where, before, new, group)
        return found.decode() if isinstance(found, bytes) else str(found)


def _script(generation: str) -> str:
    return f"-- {generation}\n{_PUBLISH}"


def _sha(generation: str) -> str:
    return hashlib.sha1(_script(generation).encode(), usedforsecurity=False).hexdigest()
