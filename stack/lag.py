"""Records that the consumers of a scenario have not come to yet, as Kafka says it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from wire import keys
from wire.kafka import NOWHERE, Brokers
from wire.topics import OffsetReader

_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class TopicBacklog:
    """What Kafka says of the events topic of a scenario."""

    topic: str
    events: int
    """That the consumers have not come to yet, over all partitions."""
    partitions: int


class LagReader:
    """Asks over one connection, which is created again when the broker's address changes."""

    def __init__(self, brokers: Callable[[], Brokers]) -> None:
        self._brokers = brokers
        self._at = NOWHERE
        self._reader: OffsetReader | None = None

    async def of(self, scenario: str) -> TopicBacklog | None:
        """The backlog now; None where Kafka does not say it."""
        group, topic = keys.consumer_group(scenario), keys.events_topic(scenario)
        try:
            async with asyncio.timeout(_TIMEOUT):
                # more consumers do not end a transaction
                lags = await (await self._connected()).lag(group, topic, readable=True)
        except (KafkaError, OSError, TimeoutError):
            await self.close()
            return None
        return TopicBacklog(topic, sum(lags.values()), len(lags))

    async def close(self) -> None:
        """Ends the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _connected(self) -> OffsetReader:
        brokers = self._brokers()
        if self._reader is None or brokers != self._at:
            await self.close()
            self._at, self._reader = brokers, OffsetReader(brokers, _TIMEOUT)
        return self._reader
