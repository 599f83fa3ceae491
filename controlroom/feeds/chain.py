"""What the limit is now, with all that it follows from: shares, routes and what queues."""

from __future__ import annotations

import asyncio

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.errors import foreseen
from controlroom.feeds.limit import Limit
from controlroom.feeds.queues import QueuesSource
from controlroom.feeds.routes import RoutesSource
from controlroom.model.chain import Chain, chain
from controlroom.model.limit import bottleneck, queues
from scenarios.scenario import Scenario


class ChainSource:
    """Asks Prometheus for shares and routes, and the queue for what waits."""

    name = "golden"
    period = 2.0
    timeout = 8.0
    needs: tuple[str, ...] = ("httpx", "wire.topics")

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario, once: bool = False) -> None:
        """`once`: there is one reading only, so what queues now counts as having queued long."""
        self._limit = Limit(endpoints)
        self._routes = RoutesSource(endpoints, window=10)
        self._queues = QueuesSource(endpoints, scenario)
        self._once = once

    async def open(self) -> None:
        """Connects."""
        await self._routes.open()
        await self._queues.open()

    async def read(self) -> Chain:
        """One round. What waits is not known where the queue does not answer."""
        routes, _, waiting = await asyncio.gather(
            self._routes.read(), self._limit.refresh(), self._waiting()
        )
        busy = self._limit.busy
        if self._once:
            limit = bottleneck(busy, 1.0 if queues(busy, waiting or 0) else 0.0)
        else:
            limit = self._limit.figure(waiting or 0)
        return chain(busy, routes, waiting, limit)

    async def _waiting(self) -> int | None:
        try:
            told = await self._queues.read()
        except Exception as error:
            if not foreseen(error):
                raise
            return None
        return None if told is None else told.lag

    async def close(self) -> None:
        """Ends the connections."""
        await self._limit.close()
        await self._routes.close()
        await self._queues.close()
