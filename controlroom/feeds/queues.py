"""Lag of the consumers, as an exporter reports it, else from Kafka's own offsets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress, AskBrokers
from controlroom.feeds.exporter import ExporterLag
from controlroom.model.queues import Queues
from wire.keys import consumer_group, events_topic

if TYPE_CHECKING:
    from wire.topics import OffsetReader


class QueuesSource:
    """Lag and members of one group. Kafka is asked over one connection that stays open, and only
    where no exporter reports them to Prometheus."""

    name = "queues"
    period = 0.5
    timeout = 5.0
    needs: tuple[str, ...] = ("wire.topics", "httpx")

    def __init__(
        self,
        where: AskAddress,
        scenario: str,
        brokers: AskBrokers | None = None,
        prometheus: AskAddress | None = None,
    ) -> None:
        self._where = where
        self._brokers = brokers
        self._topic = events_topic(scenario)
        self._group = consumer_group(scenario)
        self._reader: OffsetReader | None = None
        self._exporter: ExporterLag | None = None
        if prometheus is not None:
            self._exporter = ExporterLag(prometheus, self._group, self._topic)

    async def open(self) -> None:
        """Nothing to open before it is known who reports the lag."""

    async def read(self) -> Queues | None:
        """The lag now; None while the topic has not been made."""
        told = await self._exporter.read() if self._exporter is not None else None
        return await self._asked() if told is None else told

    async def _asked(self) -> Queues | None:
        """As Kafka answers."""
        from aiokafka.errors import UnknownTopicOrPartitionError

        reader = self._reader = self._reader or await self._found()
        try:
            lag = await reader.lag(self._group, self._topic)
            ends, members = await asyncio.gather(
                reader.end_offsets(self._topic), reader.members(self._group)
            )
        except UnknownTopicOrPartitionError:
            return None
        return Queues(
            topic=self._topic,
            group=self._group,
            partitions=len(ends),
            members=len(members),
            lag=sum(lag.values()),
            end=sum(ends.values()),
            lag_by_partition=tuple(lag[partition] for partition in sorted(lag)),
            told_by="admin API",
        )

    async def _found(self) -> OffsetReader:
        from wire.topics import OffsetReader

        brokers = await self._brokers() if self._brokers is not None else None
        return OffsetReader(await self._where(), self.timeout, brokers)

    async def close(self) -> None:
        """Ends the connections."""
        if self._exporter is not None:
            await self._exporter.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
