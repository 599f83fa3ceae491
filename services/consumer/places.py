"""Where the consumer stands in each of its partitions, as the fences say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from services.consumer.tails import DoubtError, Tail, Tails
from wire.lives import Part, Stand, fingerprint
from wire.metadata import Topic
from wire.topics import OffsetReader

_WITNESS_MS = 2_000


@dataclass(slots=True)
class Place:
    """One partition of one life of a topic."""

    topic_id: str
    life: str
    """The topic's id, or what stands for it in a later life of the partition."""
    epoch: int
    """Leader epoch; a place is good for this one only."""
    field: str
    """Its field of the fence."""
    fence: int
    prepared: int
    """The last offset of which a batch was made; the fence follows when it is counted."""
    doubted: int = -2
    """The offset after which a gap was seen and the records fetched once more."""


class Places:
    """The places of the partitions that are assigned now."""

    def __init__(self, consumer: AIOKafkaConsumer, offsets: OffsetReader, group: str) -> None:
        self._consumer = consumer
        self._offsets = offsets
        self._group = group
        self._tails = Tails(offsets)
        self._places: dict[TopicPartition, Place] = {}

    def get(self, partition: TopicPartition) -> Place | None:
        """None where the fence has to be looked up first."""
        return self._places.get(partition)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Their fences have to be looked up again before anything of them is used."""
        for partition in partitions:
            self._places.pop(partition, None)

    def clear(self) -> None:
        """Nothing is assigned any more."""
        self._places.clear()

    def unknown(self) -> list[TopicPartition]:
        """Assigned partitions without a place."""
        return [tp for tp in self._consumer.assignment() if tp not in self._places]

    async def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Topics as they are now. Raises KafkaError."""
        return {name: await self._offsets.topic(name) for name in names}

    def moved(self, topics: Mapping[str, Topic]) -> list[TopicPartition]:
        """Partitions of these topics that have another leader epoch than when they were settled:
        what has come since may lie in a log that has lost its end."""
        return [
            partition
            for partition, place in self._places.items()
            if partition.topic in topics
            and topics[partition.topic].epochs.get(partition.partition) != place.epoch
        ]

    async def beginnings(self, topic: str) -> dict[int, int]:
        """Partition -> oldest offset that the broker still has. Raises KafkaError."""
        return await self._offsets.beginning_offsets(topic)

    def known(self) -> dict[TopicPartition, Place]:
        """The places as they are now."""
        return dict(self._places)

    def settle(self, stand: Stand, epoch: int) -> None:
        """Takes a place behind a fence that was just read, and seeks there.

        Whatever was fetched before is thrown away by the seek.
        """
        life, fence = stand.life, stand.fence
        partition = TopicPartition(life.topic, life.partition)
        # the partition may have been taken away while the fence was asked for
        with contextlib.suppress(IllegalStateError):
            self._consumer.seek(partition, fence + 1)
            self._places[partition] = Place(
                life.topic_id, life.id, epoch, life.field(self._group), fence, fence
            )

    async def tails(self, topic: str, stands: Sequence[Stand]) -> list[Tail]:
        """The logs of partitions whose fences were read before; see Tails. Raises KafkaError."""
        return await self._tails.read(topic, stands)

    async def cut(self, tail: Tail) -> int | None:
        """Where a log was cut below its fence; see Tails. Raises DoubtError."""
        return await self._tails.cut(tail, self._witness)

    async def _witness(self, part: Part, offset: int) -> str:
        """Fingerprint of the record at an offset of a partition without a place."""
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
