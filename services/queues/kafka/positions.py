"""Where the consumer stands in each of its partitions, as the committed offsets say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from services.queues.kafka.tails import DoubtError, Tail, Tails
from wire.lives import Part, Stand, fingerprint
from wire.metadata import Topic
from wire.topics import OffsetReader

_WITNESS_MS = 2_000


@dataclass(slots=True)
class Position:
    """One partition of one life of a topic."""

    topic_id: str
    life: str
    """The topic's id, or what stands for it in a later life of the partition."""
    epoch: int
    """Leader epoch; a position is good for this one only."""
    field: str
    """Its field of the committed offset."""
    committed: int
    prepared: int
    """The last offset of which a batch was made; the committed offset follows when it is
    counted."""
    doubted: int = -2
    """The offset after which a gap was seen and the records fetched once more."""


class Positions:
    """The positions of the partitions that are assigned now."""

    def __init__(self, consumer: AIOKafkaConsumer, offsets: OffsetReader, group: str) -> None:
        self._consumer = consumer
        self._offsets = offsets
        self._group = group
        self._tails = Tails(offsets)
        self._positions: dict[TopicPartition, Position] = {}

    def get(self, partition: TopicPartition) -> Position | None:
        """None where the committed offset has to be looked up first."""
        return self._positions.get(partition)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Their committed offsets have to be looked up again before anything of them is used."""
        for partition in partitions:
            self._positions.pop(partition, None)

    def clear(self) -> None:
        """Nothing is assigned any more."""
        self._positions.clear()

    def unknown(self) -> list[TopicPartition]:
        """Assigned partitions without a position."""
        return [tp for tp in self._consumer.assignment() if tp not in self._positions]

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Topics as they are now. Raises KafkaError."""
        return {name: await self._offsets.topic(name) for name in names}

    def moved(self, topics: Mapping[str, Topic]) -> list[TopicPartition]:
        """Partitions of these topics that have another leader epoch than when they were settled:
        what has come since may lie in a log that has lost its end."""
        return [
            partition
            for partition, position in self._positions.items()
            if partition.topic in topics
            and topics[partition.topic].epochs.get(partition.partition) != position.epoch
        ]

    async def beginnings(self, topic: str) -> dict[int, int]:
        """Partition -> oldest offset that the broker still has. Raises KafkaError."""
        return await self._offsets.beginning_offsets(topic)

    def known(self) -> dict[TopicPartition, Position]:
        """The positions as they are now."""
        return dict(self._positions)

    def settle(self, stand: Stand, epoch: int) -> None:
        """Takes a position behind a committed offset that was just read, and seeks there.

        Whatever was fetched before is thrown away by the seek.
        """
        life, committed = stand.life, stand.committed
        partition = TopicPartition(life.topic, life.partition)
        # the partition may have been taken away while the committed offset was asked for
        with contextlib.suppress(IllegalStateError):
            self._consumer.seek(partition, committed + 1)
            self._positions[partition] = Position(
                life.topic_id, life.id, epoch, life.field(self._group), committed, committed
            )

    async def tails(self, topic: str, stands: Sequence[Stand]) -> list[Tail]:
        """The logs of partitions whose committed offsets were read before; see Tails. Raises
        KafkaError."""
        return await self._tails.read(topic, stands)

    async def cut(self, tail: Tail) -> int | None:
        """Where a log was cut below its committed offset; see Tails. Raises DoubtError."""
        return await self._tails.cut(tail, self._witness)

    async def _witness(self, part: Part, offset: int) -> str:
        """Fingerprint of the record at an offset of a partition without a position."""
        partition = TopicPartition(part.topic, part.partition)
        try:
            self._consumer.seek(partition, offset)
            found = await self._consumer.getmany(partition, timeout_ms=_WITNESS_MS, max_records=1)
        except IllegalStateError as error:
            raise DoubtError from error
        for record in found.get(partition, ()):
            if record.offset == offset:
                return fingerprint(record.timestamp, record.value)
        return ""
