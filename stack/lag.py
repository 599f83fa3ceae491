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
    """Asks over one connection for each queue, made again after an error: addresses change."""

    def __init__(self, address: Callable[[str], str]) -> None:
        """`address`: of an engine by its name."""
        self._address = address
        self._readers: dict[tuple[str, str], Lag | None] = {}
        """Of a scenario and queue."""

    async def of(self, scenario: Scenario, queue: str = "") -> TopicBacklog | None:
        """The backlog of a queue now, the first one's where none is named; None where the queue
        does not say it."""
        topic, key = keys.events_topic(scenario.name), (scenario.name, queue or scenario.queue)
        try:
            async with asyncio.timeout(_TIMEOUT):
                reader = await self._opened(*key)
                if reader is None:
                    # nothing waits in such a queue, whoever receives
                    return TopicBacklog(topic, 0, sys.maxsize)
                # more consumers do not end a transaction
                waiting = await reader.waiting(readable=True)
        except (KafkaError, RedisError, ScenarioError, OSError, TimeoutError):
            await self._close(key)
            return None
        return TopicBacklog(topic, sum(waiting.values()), len(waiting)) if waiting else None

    async def close(self) -> None:
        """Ends the connections."""
        for key in list(self._readers):
            await self._close(key)

    async def _close(self, key: tuple[str, str]) -> None:
        reader = self._readers.pop(key, None)
        if reader is not None:
            await reader.close()

    async def _opened(self, scenario: str, queue: str) -> Lag | None:
        for other in [key for key in self._readers if key[0] != scenario]:
            await self._close(other)
        if (scenario, queue) not in self._readers:
            self._readers[scenario, queue] = queue_kind(queue).lag(scenario, self._address)
        return self._readers[scenario, queue]
