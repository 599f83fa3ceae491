"""A queue that is not the product's: Redis Pub/Sub, at most once.

Each producer numbers what it publishes, and the number is given out in the step that publishes. So
what was sent, what was delivered and what was lost are exact. What a subscriber had in hand when it
was killed counts as in flight until its producer publishes again.
"""

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
from wire.queues.kind import Account, QueueKind, Rule, Where


def channel_of(scenario: str, topic: str) -> str:
    """Redis channel of a topic. A hash of the same name has `sent:PRODUCER`, how much it has
    published, and `heard:PRODUCER`, up to which number a subscriber was there."""
    return f"{keys.queue_key(scenario, 'loose')}:{topic}"


@dataclass(frozen=True, slots=True)
class LooseBooks(Books):
    """Lost on the way is a figure of the queue; what was delivered may not be missing."""

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
        Figure("missing", "delivered and not stored", fault=True),
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


class LooseAccount:
    """What Redis knows of the producers' numbers."""

    def __init__(self, scenario: str, redis: Redis) -> None:
        self._key = channel_of(scenario, keys.events_topic(scenario))
        self._redis = redis

    async def look(self, committed: Committed) -> Rule:
        """See wire.queues.kind.Account."""
        found = await self._redis.hgetall(self._key)
        numbers = {str(name): int(number) for name, number in found.items()}
        return lambda figures: balance(figures, numbers)

    async def close(self) -> None:
        """The client is not its own."""


def balance(figures: Figures, numbers: Mapping[str, int]) -> LooseBooks:
    """Of what was sent to somebody what lies beyond the committed offset is in flight; the rest
    was delivered or is lost."""
    totals = figures.totals
    sent = sum(number for name, number in numbers.items() if name.startswith("sent:"))
    in_flight = 0
    for name, number in numbers.items():
        what, _, producer = name.partition(":")
        if what == "heard":
            tp = keys.partition_id(producer, 0)
            in_flight += max(0, number - figures.committed_offsets.get(tp, -1) - 1)
    delivered = totals.counted + totals.dead + totals.repeated - totals.extra
    stored = figures.found + totals.purged
    beyond = 0 if figures.unaudited else stored - totals.counted
    return LooseBooks(
        scenario=figures.scenario,
        acknowledged=figures.acknowledged,
        counted=totals.counted,
        stored=stored,
        rejected=totals.refused + totals.dead,
        repeated=totals.repeated,
        in_flight=in_flight,
        lost=max(0, sent - in_flight - delivered),
        doubled=max(0, beyond),
        purged=totals.purged,
        unaudited=figures.unaudited,
        sent=sent,
        delivered=delivered,
        missing=max(0, -beyond),
    )


class LooseKind(QueueKind):
    """Redis Pub/Sub."""

    name = "loose"
    title = "Redis Pub/Sub"
    acknowledged = "Every accepted event was published, to whoever is subscribed."
    replayable = False

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        return LooseAccount(scenario, where.redis)


KIND = LooseKind()
