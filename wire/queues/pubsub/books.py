"""The rule of Redis Pub/Sub: what was lost on the way is a figure, what was delivered may not be
missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from wire import keys
from wire.books import (
    ACKNOWLEDGED,
    COUNTED,
    DOUBLED,
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
from wire.queues import logs
from wire.queues.kind import Rule
from wire.queues.pubsub import names


@dataclass(frozen=True, slots=True)
class PubsubBooks(Books):
    """At most once: a loss keeps no books open."""

    figures = (
        ACKNOWLEDGED,
        Figure("sent", "published, each with the next number of its producer"),
        Figure("delivered", "taken by a subscriber"),
        COUNTED,
        STORED,
        PURGED,
        REJECTED,
        REPEATED,
        Figure("in_flight", "published to a subscriber that has not handled it yet", "in flight"),
        Figure("lost", "published and never delivered, which this queue may do"),
        Figure("missing", "delivered, and not counted or not stored", fault=True),
        DOUBLED,
        UNAUDITED,
    )
    pairs = (
        ("acknowledged", "in_flight"),
        ("sent", "lost"),
        ("delivered", "missing"),
        ("stored", "doubled"),
    )

    sent: int = 0
    delivered: int = 0
    missing: int = 0

    @property
    def taken(self) -> int:
        """See Books."""
        return self.sent

    @property
    def remark(self) -> str:
        """See Books."""
        return f"{self.lost:,} of {self.sent:,} were lost on the way" if self.lost else ""


class PubsubAccount:
    """What Redis knows of the producers' numbers, and whether anybody is subscribed."""

    def __init__(self, scenario: str, redis: Redis) -> None:
        self._scenario = scenario
        self._redis = redis

    async def look(self, committed: Committed) -> Rule:
        """See wire.queues.kind.Account."""
        topic = keys.events_topic(self._scenario)
        seconds, micros = await self._redis.time()
        now = seconds * 1000 + micros // 1000
        alive = await self._redis.zcount(names.members_key(self._scenario), now, "+inf")
        found = await names.numbers(self._redis, self._scenario, topic)
        return lambda figures: balance(figures, found, bool(alive))

    async def close(self) -> None:
        """The client is not its own."""


def balance(figures: Figures, numbers: Mapping[str, names.Numbers], alive: bool) -> PubsubBooks:
    """Of what somebody has heard what lies beyond the committed offset is in flight, while there is
    a subscriber `alive`; the rest was delivered or is lost."""
    found = logs.balance(figures, {})
    sent = in_flight = 0
    for producer, each in numbers.items():
        committed = figures.committed_offsets.get(keys.partition_id(producer, 0), -1)
        # Redis may have forgotten what a producer said before it went
        sent += max(each.sent, committed + 1)
        in_flight += max(0, each.heard - committed - 1) if alive else 0
    forgotten = [tp for tp in figures.committed_offsets if tp.rpartition(":")[0] not in numbers]
    sent += sum(figures.committed_offsets[tp] + 1 for tp in forgotten)
    rest = found.rest | {"in_flight": in_flight, "broker_lost": 0}
    rest["lost"] = max(0, sent - in_flight - found.taken)
    return PubsubBooks(sent=sent, delivered=found.taken, missing=found.missing, **rest)
