"""Records that the consumers of a scenario have not come to yet, as Kafka says it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from wire import keys
from wire.topics import OffsetReader

_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What Kafka says of the events topic of a scenario."""

    topic: str
    events: int
    """That the consumers have not come to yet, over all partitions."""
    partitions: int


class Lag:
    """Asks over one connection, which is made anew when the broker's address changes."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._at = ""
        self._reader: OffsetReader | None = None

    async def of(self, scenario: str) -> Backlog | None:
        """The backlog now; None where Kafka does not say it."""
        group, topic = keys.consumer_group(scenario), keys.events_topic(scenario)
        try:
            async with asyncio.timeout(_TIMEOUT):
                # more consumers do not end a transaction
                lags = await (await self._connected()).lag(group, topic, readable=True)
        except (KafkaError, OSError, TimeoutError):
            await self.close()
            return None
        return Backlog(topic, sum(lags.values()), len(lags))

    async def close(self) -> None:
        """Ends the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _connected(self) -> OffsetReader:
        address = self._address()
        if self._reader is None or address != self._at:
            await self.close()
            self._at, self._reader = address, OffsetReader(address, _TIMEOUT)
        return self._reader
