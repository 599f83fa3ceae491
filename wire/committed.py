"""Committed offsets and totals of a scenario, read from Redis at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from redis.asyncio import Redis

from wire import keys
from wire.books import Totals
from wire.lives import SETTLED
from wire.ranges import Range


@dataclass(frozen=True, slots=True)
class Committed:
    """How far the consumers have come in every partition, of every life of a topic, by whatever
    queue; `of` leaves those of one."""

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
    sides: dict[str, str] = field(default_factory=dict)
    """`tp` -> its queue, where that is not the scenario's first."""
    parts: dict[str, tuple[Totals, int]] = field(default_factory=dict)
    """Queue -> its totals, and what was written off of it; of all but the first."""

    def of(self, side: str) -> Committed:
        """Those of one queue; `side` as `Scenario.side` has it."""

        def own(entries: dict[str, int]) -> dict[str, int]:
            return {tp: n for tp, n in entries.items() if self.sides.get(tp, "") == side}

        totals, settled = self.parts.get(side, (Totals(), 0))
        if not side:
            totals = self.totals.less(*(part for part, _ in self.parts.values()))
            settled = self.settled
        return replace(
            self,
            offsets=own(self.offsets),
            low_watermarks=own(self.low_watermarks),
            bases=own(self.bases),
            totals=totals,
            settled=settled,
        )

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
        pipe.hgetall(keys.queues_key(scenario))
        committed_offsets, low_watermarks, totals, lives, sides = await pipe.execute()
    settled = {n: int(lives.pop(n)) for n in list(lives) if n.partition("@")[0] == SETTLED}
    bases = {name: text.partition(" ")[0] for name, text in lives.items()}
    return Committed(
        offsets=_of_topic(scenario, topic, committed_offsets),
        low_watermarks=_of_topic(scenario, topic, low_watermarks),
        totals=_totals(totals),
        version=int(totals.get("version", 0)),
        bases=_of_topic(scenario, topic, bases),
        settled=settled.get(SETTLED, 0),
        sides=_named(scenario, topic, sides),
        parts={
            side: (_totals(totals, side), settled.get(keys.of_side(SETTLED, side), 0))
            for side in {*sides.values(), *map(keys.side_of, (*totals, *settled))} - {""}
        },
    )


async def read_acknowledged(redis: Redis, scenario: str, side: str | None = None) -> int:
    """Events that producers have answered with success, ever; of one queue where `side` is given,
    as `Scenario.side` has it. Raises RedisError."""
    counts = await redis.hgetall(keys.acknowledged_key(scenario))
    wanted = (n for name, n in counts.items() if side is None or keys.side_of(str(name)) == side)
    return sum(map(int, wanted))


def _of_topic(scenario: str, topic: str, entries: Mapping[str, str]) -> dict[str, int]:
    """`tp` -> offset of those fields that belong to that topic."""
    return {tp: int(offset) for tp, offset in _named(scenario, topic, entries).items()}


def _named(scenario: str, topic: str, entries: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{keys.consumer_group(scenario)}/{topic}/"
    found = {}
    for name, value in entries.items():
        if name.startswith(prefix):
            topic_id, _, partition = name.removeprefix(prefix).rpartition("/")
            found[keys.partition_id(topic_id, int(partition))] = value
    return found


def _totals(entries: Mapping[str, str], side: str = "") -> Totals:
    names = {each.name: keys.of_side(each.name, side) for each in fields(Totals)}
    return Totals(**{name: int(entries.get(kept, 0)) for name, kept in names.items()})
