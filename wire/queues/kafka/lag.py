"""How far the consumers of a scenario are behind, as Kafka's own offsets say it."""

from __future__ import annotations

from aiokafka.errors import UnknownTopicOrPartitionError

from wire import keys
from wire.topics import OffsetReader


class KafkaLag:
    """See wire.queues.kind.Lag. Asks over one connection that stays open; raises KafkaError."""

    def __init__(self, scenario: str, offsets: OffsetReader) -> None:
        self.topic = keys.events_topic(scenario)
        self.group = keys.consumer_group(scenario)
        self._offsets = offsets

    async def waiting(self, readable: bool = False) -> dict[int, int]:
        """Empty while the topic has not been made."""
        try:
            return await self._offsets.lag(self.group, self.topic, readable=readable)
        except UnknownTopicOrPartitionError:
            return {}

    async def end(self) -> int:
        """The sum of the end offsets."""
        return sum((await self._offsets.end_offsets(self.topic)).values())

    async def members(self) -> int:
        """Members of the consumer group."""
        return len(await self._offsets.members(self.group))

    async def close(self) -> None:
        """Ends the connection."""
        await self._offsets.close()
