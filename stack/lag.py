"""Records that the consumers of a scenario have not come to yet, as its queue says it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from scenarios.errors import ScenarioError
from scenarios.scenario import Scenario
from wire import keys
from wire.queues.kind import Lag
from wire.queues.registry import queue_kind

_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class TopicBacklog:
    """What the queue says of the events of a scenario."""

    topic: str
    events: int
    """That the consumers have not come to yet, over all partitions."""
    partitions: int


class LagReader:
    """Asks over one connection, which is made again after an error: addresses change."""

    def __init__(self, address: Callable[[str], str]) -> None:
        """`address`: of an engine by its name."""
        self._address = address
        self._asked = ("", "")
        """Scenario and queue."""
        self._reader: Lag | None = None

    async def of(self, scenario: Scenario) -> TopicBacklog | None:
        """The backlog now; None where the queue does not say it."""
        topic = keys.events_topic(scenario.name)
        try:
            async with asyncio.timeout(_TIMEOUT):
                reader = await self._opened(scenario)
                if reader is None:
                    # nothing waits in such a queue, whoever receives
                    return TopicBacklog(topic, 0, sys.maxsize)
                # more consumers do not end a transaction
                waiting = await reader.waiting(readable=True)
        except (KafkaError, RedisError, ScenarioError, OSError, TimeoutError):
            await self.close()
            return None
        return TopicBacklog(topic, sum(waiting.values()), len(waiting)) if waiting else None

    async def close(self) -> None:
        """Ends the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _opened(self, scenario: Scenario) -> Lag | None:
        if self._reader is None or self._asked != (scenario.name, scenario.queue):
            await self.close()
            self._asked = (scenario.name, scenario.queue)
            self._reader = queue_kind(scenario.queue).lag(scenario.name, self._address)
        return self._reader
