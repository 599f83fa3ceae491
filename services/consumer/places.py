"""Where the consumer stands in each of its partitions, as the fences say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from wire import keys
from wire.topics import OffsetReader


@dataclass(slots=True)
class Place:
    """One partition of one life of a topic."""

    topic_id: str
    field: str
    """Its field of the fence."""
    fence: int
    doubted: int = -2
    """The fence at which a gap was seen and the records fetched once more."""


class Places:
    """The places of the partitions that are assigned now."""

    def __init__(self, consumer: AIOKafkaConsumer, offsets: OffsetReader, group: str) -> None:
        self._consumer = consumer
        self._offsets = offsets
        self._group = group
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

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The ids of topics as they are now. Raises KafkaError."""
        return {topic: (await self._offsets.topic(topic)).id for topic in topics}

    async def beginnings(self, topic: str) -> dict[int, int]:
        """Partition -> oldest offset that the broker still has. Raises KafkaError."""
        return await self._offsets.beginning_offsets(topic)

    def known(self) -> dict[TopicPartition, Place]:
        """The places as they are now."""
        return dict(self._places)

    def fields(self, partitions: Iterable[TopicPartition], ids: dict[str, str]) -> list[str]:
        """The field of the fence of each partition, for topics with these ids."""
        return [
            keys.fence_field(self._group, tp.topic, ids[tp.topic], tp.partition)
            for tp in partitions
        ]

    def settle(
        self, partitions: Sequence[TopicPartition], ids: dict[str, str], fences: Sequence[int]
    ) -> None:
        """Takes places behind fences that were just read, and seeks there.

        Whatever was fetched before is thrown away by the seek.
        """
        fields = self.fields(partitions, ids)
        for partition, field, fence in zip(partitions, fields, fences, strict=True):
            # the partition may have been taken away while the fences were asked for
            with contextlib.suppress(IllegalStateError):
                self._consumer.seek(partition, fence + 1)
                self._places[partition] = Place(ids[partition.topic], field, fence)
