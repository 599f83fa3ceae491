"""Committed offsets and totals of a scenario, read from Redis at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from redis.asyncio import Redis

from wire import keys
from wire.books import Totals
from wire.lives import SETTLED
from wire.ranges import Range


@dataclass(frozen=True, slots=True)
class Committed:
    """How far the consumers have come in every partition, of every life of a topic."""

    offsets: dict[str, int]
    """`tp` -> offset of the last record that was handled."""
    low_watermarks: dict[str, int]
    """`tp` -> offset up to which documents were purged on purpose."""
    totals: Totals
    version: int
    bases: dict[str, int] = field(default_factory=dict)
    """`tp` -> its first offset, of every later life of a partition (see `wire.lives`)."""
    settled: int = 0
    """Acknowledged events that the broker lost and that were written off."""

    def ranges(self) -> list[Range]:
        """Where the documents are: above what was purged, up to the committed offsets."""
        return [
            Range(tp, self.low_watermarks.get(tp, self.bases.get(tp, 0) - 1), upto)
            for tp, upto in self.offsets.items()
        ]

    def present(self, topic_id: str, partition: int) -> str:
        """`tp` of the present life of a partition."""
        number = 0
        while keys.partition_id(keys.life_id(topic_id, number + 1), partition) in self.bases:
            number += 1
        return keys.partition_id(keys.life_id(topic_id, number), partition)


async def read_committed(redis: Redis, scenario: str, rejected: bool = False) -> Committed:
    """Committed offsets and low watermarks of the events topic, or of the `rejected` one, and
    totals, all of the same moment. Raises RedisError."""
    topic = keys.rejected_topic(scenario) if rejected else keys.events_topic(scenario)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.committed_key(scenario))
        pipe.hgetall(keys.low_watermark_key(scenario))
        pipe.hgetall(keys.books_key(scenario))
        pipe.hgetall(keys.lives_key(scenario))
        committed_offsets, low_watermarks, totals, lives = await pipe.execute()
    settled = int(lives.pop(SETTLED, 0))
    bases = {name: text.partition(" ")[0] for name, text in lives.items()}
    return Committed(
        offsets=_of_topic(scenario, topic, committed_offsets),
        low_watermarks=_of_topic(scenario, topic, low_watermarks),
        totals=_totals(totals),
        version=int(totals.get("version", 0)),
        bases=_of_topic(scenario, topic, bases),
        settled=settled,
    )


async def read_acknowledged(redis: Redis, scenario: str) -> int:
    """Events that producers have answered with success, ever. Raises RedisError."""
    counts = await redis.hvals(keys.acknowledged_key(scenario))
    return sum(int(count) for count in counts)


def _of_topic(scenario: str, topic: str, entries: Mapping[str, str]) -> dict[str, int]:
    """`tp` -> offset of those fields that belong to that topic."""
    prefix = f"{keys.consumer_group(scenario)}/{topic}/"
    found = {}
    for name, offset in entries.items():
        if name.startswith(prefix):
            topic_id, _, partition = name.removeprefix(prefix).rpartition("/")
            found[keys.partition_id(topic_id, int(partition))] = int(offset)
    return found


def _totals(entries: Mapping[str, str]) -> Totals:
    return Totals(**{each.name: int(entries.get(each.name, 0)) for each in fields(Totals)})
