"""Fences and totals of a scenario, read from Redis at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from redis.asyncio import Redis

from wire import keys
from wire.books import Totals
from wire.documents import Range


@dataclass(frozen=True, slots=True)
class Fences:
    """How far the consumers have come in every partition, of every life of a topic."""

    fences: dict[str, int]
    """`tp` -> offset of the last record that was handled."""
    floors: dict[str, int]
    """`tp` -> offset up to which documents were purged on purpose."""
    totals: Totals
    version: int

    def ranges(self) -> list[Range]:
        """Where the documents are: above what was purged, up to the fences."""
        return [Range(tp, self.floors.get(tp, -1), upto) for tp, upto in self.fences.items()]


async def read_fences(redis: Redis, scenario: str, rejected: bool = False) -> Fences:
    """Fences and floors of the events topic, or of the `rejected` one, and totals, all of the
    same moment. Raises RedisError."""
    topic = keys.rejected_topic(scenario) if rejected else keys.events_topic(scenario)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.fence_key(scenario))
        pipe.hgetall(keys.floor_key(scenario))
        pipe.hgetall(keys.books_key(scenario))
        fences, floors, totals = await pipe.execute()
    return Fences(
        fences=_of_topic(scenario, topic, fences),
        floors=_of_topic(scenario, topic, floors),
        totals=_totals(totals),
        version=int(totals.get("version", 0)),
    )


async def read_acknowledged(redis: Redis, scenario: str) -> int:
    """Events that producers have answered with success, ever. Raises RedisError."""
    counts = await redis.hvals(keys.acknowledged_key(scenario))
    return sum(int(count) for count in counts)


def _of_topic(scenario: str, topic: str, entries: Mapping[str, str]) -> dict[str, int]:
    """`tp` -> offset of those fields that belong to that topic."""
    prefix = f"{keys.consumer_group(scenario)}/{topic}/"
    found = {}
    for field, offset in entries.items():
        if field.startswith(prefix):
            topic_id, _, partition = field.removeprefix(prefix).rpartition("/")
            found[keys.partition_id(topic_id, int(partition))] = int(offset)
    return found


def _totals(entries: Mapping[str, str]) -> Totals:
    return Totals(**{each.name: int(entries.get(each.name, 0)) for each in fields(Totals)})
