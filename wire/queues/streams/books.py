"""The rule of Redis Streams: offsets are dense, so what is missing shows, and nothing may be."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from wire import keys
from wire.books import (
    ACKNOWLEDGED,
    COUNTED,
    DOUBLED,
    LOST,
    PURGED,
    REJECTED,
    REPEATED,
    STORED,
    UNAUDITED,
    Books,
    Figure,
    Figures,
)
from wire.committed import Committed
from wire.queues.kind import Rule
from wire.queues.logs import balance
from wire.queues.streams import names


@dataclass(frozen=True, slots=True)
class StreamsBooks(Books):
    """The books of events that went through Redis Streams."""

    figures = (
        ACKNOWLEDGED,
        Figure("streams", "records that the streams have taken", "in streams"),
        COUNTED,
        STORED,
        PURGED,
        REJECTED,
        REPEATED,
        Figure("in_flight", "in a stream, not yet handled by a consumer", "in flight"),
        LOST,
        DOUBLED,
        UNAUDITED,
        Figure(
            "broker_lost",
            "of the lost: acknowledged, and not in a stream any more",
            rare=True,
            seldom=True,
        ),
        Figure("settled", "lost by Redis, and written off by --settle", "", True, True),
    )
    pairs = (
        ("acknowledged", "in_flight"),
        ("streams", "lost"),
        ("counted", "doubled"),
        ("stored", "rejected"),
    )
    asides = (("broker_lost", "lost by Redis"), *Books.asides)

    streams: int = 0
    """Records that the events topic holds or held."""

    @property
    def taken(self) -> int:
        """See Books."""
        return self.streams

    @property
    def remark(self) -> str:
        """See Books."""
        if self.broker_lost:
            return (
                f"Redis has lost {self.broker_lost:,} acknowledged events: count what is stored "
                f"of them by `controlroom tallies rebuild --confirm {self.scenario}`, send the "
                f"rest again, then `controlroom books --settle {self.scenario}`"
            )
        return ""


class StreamsAccount:
    """What the streams of the events topic say."""

    def __init__(self, scenario: str, redis: Redis) -> None:
        self._scenario = scenario
        self._redis = redis

    async def look(self, committed: Committed) -> Rule:
        """See wire.queues.kind.Account."""
        topic = keys.events_topic(self._scenario)
        found = await names.generations(self._redis, self._scenario, topic)
        ends = {
            keys.partition_id(each.id, partition): end
            for each in found
            for partition, end in each.ends.items()
        }

        def rule(figures: Figures) -> StreamsBooks:
            balanced = balance(figures, ends)
            return StreamsBooks(streams=balanced.taken, **balanced.rest)

        return rule

    async def close(self) -> None:
        """The client is not its own."""
