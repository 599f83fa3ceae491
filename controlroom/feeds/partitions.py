"""Every partition of the scenario's queues: offsets, lag and the member that has it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.partitions import Partition, Partitions
from scenarios.scenario import QUEUE, Scenario
from wire.keys import consumer_group, events_topic
from wire.queues.registry import queue_kind

if TYPE_CHECKING:
    from wire.queues.kind import Lag, QueueKind
    from wire.topics import OffsetReader


class PartitionsSource:
    """Asks Kafka some questions a round; of another queue what waits in each partition."""

    name = "queues"
    period = 1.0
    timeout = 8.0
    needs: tuple[str, ...] = ("wire.topics",)

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario) -> None:
        self._endpoints = endpoints
        self._topic = events_topic(scenario.name)
        self._group = consumer_group(scenario.name)
        self._scenario = scenario
        self._offsets: OffsetReader | None = None
        self._lags: dict[str, Lag] = {}

    async def open(self) -> None:
        """Finds the queues."""
        from wire.topics import OffsetReader

        endpoints = await self._endpoints.endpoints()
        for name in self._scenario.queues:
            if name == QUEUE:
                self._offsets = OffsetReader(
                    endpoints.address(name), broker_addresses=endpoints.brokers
                )
                continue
            kind: QueueKind = queue_kind(name)
            lag = kind.lag(self._scenario.name, endpoints.address, endpoints.brokers)
            if lag is not None:
                self._lags[name] = lag

    async def read(self) -> Partitions:
        """All of them now."""
        rows: list[Partition] = []
        members: dict[str, int] = {}
        if self._offsets is not None:
            rows, members = await self._of_kafka(self._offsets)
        for name, lag in self._lags.items():
            waiting = await lag.waiting()
            rows += [Partition(name, number, waiting[number]) for number in sorted(waiting)]
        return Partitions(self._topic, self._group, tuple(rows), members)

    async def _of_kafka(self, offsets: OffsetReader) -> tuple[list[Partition], dict[str, int]]:
        topic = await offsets.topic(self._topic)
        committed, begins, ends, owners = await asyncio.gather(
            offsets.committed(self._group, self._topic),
            offsets.begins_of(topic),
            offsets.ends_of(topic),
            offsets.assignments(self._group, self._topic),
        )
        who = {number: member for member, numbers in owners for number in numbers}
        rows = [
            Partition(
                QUEUE,
                number,
                max(0, end - max(committed.get(number, 0), begins[number])),
                begins[number],
                end,
                committed.get(number),
                who.get(number, ""),
            )
            for number, end in ends.items()
        ]
        shares = Counter({member: 0 for member, _ in owners})
        shares.update({member: len(numbers) for member, numbers in owners})
        return rows, dict(shares)

    async def close(self) -> None:
        """Ends the connections."""
        offsets, self._offsets = self._offsets, None
        lags, self._lags = self._lags, {}
        if offsets is not None:
            await offsets.close()
        for lag in lags.values():
            await lag.close()
