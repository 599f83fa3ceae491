"""The rule of Kafka: offsets are dense, so what is missing shows, and nothing may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.errors import UnknownTopicOrPartitionError

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
from wire.queues import logs
from wire.queues.kind import Rule
from wire.topics import OffsetReader


@dataclass(frozen=True, slots=True)
class KafkaBooks(Books):
    """The books of events that went through Kafka."""

    figures = (
        ACKNOWLEDGED,
        Figure("kafka", "records in the events topic", "in Kafka"),
        COUNTED,
        STORED,
        PURGED,
        REJECTED,
        REPEATED,
        Figure("in_flight", "in Kafka, not yet handled by a consumer", "in flight"),
        Figure(
            "held",
            "of those in flight, behind an open transaction: nobody may read them yet",
            rare=True,
        ),
        LOST,
        DOUBLED,
        UNAUDITED,
        Figure(
            "broker_lost",
            "of the lost: acknowledged, and not in Kafka any more",
            rare=True,
            seldom=True,
        ),
        Figure("settled", "lost by the broker, and written off by --settle", "", True, True),
    )
    pairs = (
        ("acknowledged", "in_flight"),
        ("kafka", "lost"),
        ("counted", "doubled"),
        ("stored", "rejected"),
    )
    asides = (
        ("held", "held by an open transaction"),
        ("broker_lost", "lost by the broker"),
        *Books.asides,
    )

    kafka: int = 0
    """Records that the events topic holds or held."""
    held: int = 0
    """Of those in flight the records that nobody may read before an open transaction has ended."""

    @property
    def taken(self) -> int:
        """See Books."""
        return self.kafka

    @property
    def remark(self) -> str:
        """See Books."""
        if self.broker_lost:
            return (
                f"the broker has lost {self.broker_lost:,} acknowledged events: send them again "
                f"where they are known, then `controlroom books --settle {self.scenario}`"
            )
        if self.held and not self.faults:
            return f"an open transaction holds back {self.held:,} until its producer ends it"
        return ""


class KafkaAccount:
    """What the brokers say of the events topic of a scenario."""

    def __init__(self, scenario: str, offsets: OffsetReader) -> None:
        self._topic = keys.events_topic(scenario)
        self._offsets = offsets

    async def look(self, committed: Committed) -> Rule:
        """End offsets, and how far the topic may be read where there is more than is counted.

        Raises KafkaError.
        """
        ends, stable = await self._ends(committed)
        return lambda figures: balance(figures, ends, stable)

    async def _ends(self, committed: Committed) -> tuple[dict[str, int], dict[str, int]]:
        """Both are empty where there is no such topic."""
        try:
            topic = await self._offsets.topic(self._topic)
        except UnknownTopicOrPartitionError:
            return {}, {}

        def named(offsets: Mapping[int, int]) -> dict[str, int]:
            return {committed.present(topic.id, p): offset for p, offset in offsets.items()}

        ends = named(await self._offsets.ends_of(topic))
        if all(committed.offsets.get(tp, -1) + 1 >= end for tp, end in ends.items()):
            return ends, {}
        return ends, named(await self._offsets.stable_of(topic))

    async def close(self) -> None:
        """Ends the connection."""
        await self._offsets.close()


def balance(
    figures: Figures, ends: Mapping[str, int], stable: Mapping[str, int] | None = None
) -> KafkaBooks:
    """The books, as `wire.queues.logs.balance` has them.

    `ends`: `tp` -> end offset, of the topic that exists now; `stable`: `tp` -> offset up to which
    records may be read, where that was asked: the first one of the oldest open transaction, else
    the end.
    """
    committed = figures.committed_offsets
    found = logs.balance(figures, ends)
    held = sum(
        max(0, end - max((stable or {}).get(tp, end), committed.get(tp, -1) + 1))
        for tp, end in ends.items()
    )
    return KafkaBooks(kafka=found.taken, held=held, **found.rest)
