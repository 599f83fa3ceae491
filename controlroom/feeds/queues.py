"""Lag of the consumers, as an exporter reports it, else as the queue itself does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.exporter import ExporterLag
from controlroom.model.queues import QueueLag, Queues
from controlroom.targets.abilities import HasEndpoints
from scenarios.scenario import QUEUE, Scenario
from wire.keys import consumer_group, events_topic
from wire.queues.registry import queue_kind

if TYPE_CHECKING:
    from wire.queues.kind import Lag, QueueKind


class QueuesSource:
    """Lag and members of one group, of every queue of the scenario. A queue is asked over one
    connection that stays open, Kafka only where no exporter reports them to Prometheus."""

    name = "queues"
    period = 0.5
    timeout = 5.0
    needs: tuple[str, ...] = ("wire.topics", "httpx")

    def __init__(
        self, target: HasEndpoints, scenario: Scenario, prometheus: AskAddress | None = None
    ) -> None:
        """Raises ScenarioError for a queue that is not known."""
        self._target = target
        self._scenario = scenario
        self._kinds = [queue_kind(name) for name in scenario.queues]
        self._readers: dict[str, Lag | None] = {}
        self._exporter: ExporterLag | None = None
        if prometheus is not None and QUEUE in scenario.queues:
            names = (consumer_group(scenario.name), events_topic(scenario.name))
            self._exporter = ExporterLag(prometheus, *names)

    async def open(self) -> None:
        """Nothing to open before it is known who reports the lag."""

    async def read(self) -> Queues | None:
        """The lag now; None while the topic has not been made."""
        found = await asyncio.gather(*(self._told(kind) for kind in self._kinds))
        if len(found) == 1:
            return found[0]
        known = [(k, q) for k, q in zip(self._kinds, found, strict=True) if q is not None]
        if not known:
            return None
        parts = [QueueLag(k.name, q.lag, q.partitions, q.members) for k, q in known]
        first = next((q for _, q in known if q.partitions), known[0][1])
        return replace(first, lag=sum(part.lag for part in parts), parts=tuple(parts))

    async def _told(self, kind: QueueKind) -> Queues | None:
        exporter = self._exporter if kind.name == QUEUE else None
        told = await exporter.read() if exporter is not None else None
        return await self._asked(kind) if told is None else told

    async def _asked(self, kind: QueueKind) -> Queues | None:
        """As the queue answers."""
        topic, group = events_topic(self._scenario.name), consumer_group(self._scenario.name)
        if kind.name not in self._readers:
            self._readers[kind.name] = await self._found(kind)
        reader = self._readers[kind.name]
        if reader is None:
            return Queues(topic, group, 0, None, 0, 0, title=kind.title)
        waiting = await reader.waiting()
        if not waiting:
            return None
        end, members = await asyncio.gather(reader.end(), reader.members())
        return Queues(
            topic=topic,
            group=group,
            partitions=len(waiting),
            members=members,
            lag=sum(waiting.values()),
            end=end,
            lag_by_partition=tuple(waiting[partition] for partition in sorted(waiting)),
            told_by="admin API",
        )

    async def _found(self, kind: QueueKind) -> Lag | None:
        endpoints = await self._target.endpoints()
        return kind.lag(self._scenario.name, endpoints.address, endpoints.brokers)

    async def close(self) -> None:
        """Ends the connections."""
        if self._exporter is not None:
            await self._exporter.close()
        readers, self._readers = self._readers, {}
        for reader in readers.values():
            if reader is not None:
                await reader.close()
