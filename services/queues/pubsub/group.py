"""The subscribers of a scenario, each of which gets everything: who of them counts what, and what
any of them has in its hands."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple
from zlib import crc32

import msgspec
from redis.asyncio import Redis

from services.queues.pubsub.held import Hole
from wire import keys
from wire.queues.pubsub import names

TTL_MS = 3_000
"""A subscriber that says nothing for so long does not live, and has nothing in its hands."""
_HERE = files("services.queues.pubsub")


class Report(NamedTuple):
    """What a subscriber says of itself at one moment, by the names of sources."""

    held: dict[str, Hole]
    """What it has in its hands."""
    seen: dict[str, int]
    """How many records were published before the last of what it has read."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


class Source(NamedTuple):
    """A log: what one producer publishes on one topic."""

    topic: str
    producer: str

    @property
    def name(self) -> str:
        """As the subscribers tell each other."""
        return f"{self.topic}/{self.producer}"


class Group:
    """The subscribers, as one of them knows them. Every method raises RedisError."""

    def __init__(self, scenario: str, redis: Redis, member: str) -> None:
        self._scenario = scenario
        self._redis = redis
        self._me = member
        self._where = [names.members_key(scenario), names.held_key(scenario, member)]
        self._beat = redis.register_script(_HERE.joinpath("beat.lua").read_text())
        self._living = [member]
        self._others: list[Report | None] = []
        self.sent: dict[Source, int] = {}
        """Records that every producer has published."""

    async def beat(self, held: Mapping[Source, Hole], seen: Mapping[Source, int]) -> None:
        """Says what is held and was seen here, and hears of the others."""
        report = Report(
            {source.name: hole for source, hole in held.items()},
            {source.name: upto for source, upto in seen.items()},
        )
        told = _encode(report)
        members = await self._beat(self._where, [self._me, TTL_MS, told])
        self._living = sorted(name.decode() for name in members)
        others = [names.held_key(self._scenario, each) for each in self._living if each != self._me]
        found = await self._redis.mget(others) if others else []
        self._others = [_decode(each) if each else None for each in found]
        for topic in (keys.events_topic(self._scenario), keys.rejected_topic(self._scenario)):
            numbers = await names.numbers(self._redis, self._scenario, topic)
            self.sent |= {Source(topic, name): each.sent for name, each in numbers.items()}

    async def leave(self) -> None:
        """The others do not wait for this one."""
        await self._redis.zrem(self._where[0], self._me)
        await self._redis.delete(self._where[1])

    @property
    def alone(self) -> bool:
        """Whether there is nobody else."""
        return self._living == [self._me]

    def is_mine(self, source: Source) -> bool:
        """Whether this one is the first to count what a producer publishes."""
        place = crc32(source.producer.encode()) % len(self._living)
        return self._living[place] == self._me

    def nobody_has(self, source: Source, hole: Hole) -> bool:
        """Whether all others have read past what is missing here, and none of them has any of it
        in his hands."""
        for report in self._others:
            if report is None or report.seen.get(source.name, 0) < hole.end:
                return False
            theirs = report.held.get(source.name)
            if theirs is not None and theirs.first < hole.end and hole.first < theirs.end:
                return False
        return True
