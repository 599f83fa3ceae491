"""Lag of the consumers, from Kafka's own offsets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlroom.feeds.doors import Ways, Where
from controlroom.model.queues import Queues
from wire.keys import consumer_group, events_topic

if TYPE_CHECKING:
    from wire.topics import OffsetReader


class QueuesSource:
    """Lag and members of one group over one connection that stays open."""

    name = "queues"
    period = 0.5
    timeout = 5.0
    needs: tuple[str, ...] = ("wire.topics",)

    def __init__(self, where: Where, scenario: str, detours: Ways | None = None) -> None:
        self._where = where
        self._detours = detours
        self._topic = events_topic(scenario)
        self._group = consumer_group(scenario)
        self._reader: OffsetReader | None = None

    async def open(self) -> None:
        """Finds the broker."""
        from wire.topics import OffsetReader

        detours = await self._detours() if self._detours is not None else None
        self._reader = OffsetReader(await self._where(), self.timeout, detours)

    async def read(self) -> Queues | None:
        """The lag now; None while the topic has not been made."""
        from aiokafka.errors import UnknownTopicOrPartitionError

        assert self._reader is not None
        try:
            lag = await self._reader.lag(self._group, self._topic)
            ends, members = await asyncio.gather(
                self._reader.end_offsets(self._topic), self._reader.members(self._group)
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
        )

    async def close(self) -> None:
        """Ends the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
