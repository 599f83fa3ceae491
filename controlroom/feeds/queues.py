"""Lag of the consumers, as an exporter reports it, else as the queue itself does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.exporter import ExporterLag
from controlroom.model.queues import Queues
from controlroom.targets.abilities import HasEndpoints
from scenarios.scenario import Scenario
from wire.keys import consumer_group, events_topic
from wire.queues.registry import queue_kind

if TYPE_CHECKING:
    from wire.queues.kind import Lag


class QueuesSource:
    """Lag and members of one group. The queue is asked over one connection that stays open, and
    only where no exporter reports them to Prometheus."""

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
        self._kind = queue_kind(scenario.queue)
        self._reader: Lag | None = None
        self._exporter: ExporterLag | None = None
        if prometheus is not None:
            names = (consumer_group(scenario.name), events_topic(scenario.name))
            self._exporter = ExporterLag(prometheus, *names)

    async def open(self) -> None:
        """Nothing to open before it is known who reports the lag."""

    async def read(self) -> Queues | None:
        """The lag now; None while the topic has not been made."""
        told = await self._exporter.read() if self._exporter is not None else None
        return await self._asked() if told is None else told

    async def _asked(self) -> Queues | None:
        """As the queue answers."""
        topic, group = events_topic(self._scenario.name), consumer_group(self._scenario.name)
        reader = self._reader = self._reader or await self._found()
        if reader is None:
            return Queues(topic, group, 0, None, 0, 0, title=self._kind.title)
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

    async def _found(self) -> Lag | None:
        endpoints = await self._target.endpoints()
        return self._kind.lag(self._scenario.name, endpoints.address, endpoints.brokers)

    async def close(self) -> None:
        """Ends the connections."""
        if self._exporter is not None:
            await self._exporter.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
