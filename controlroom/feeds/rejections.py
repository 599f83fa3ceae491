"""The newest rejected records: some hundreds by the index, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.rejections import Rejections, rejection
from scenarios.scenario import Scenario
from wire.keys import rejected_collection

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from wire.documents import Documents

NEWEST = 500
"""Records that are looked at."""


class RejectionsSource:
    """Of the topic of events and of that of refused records."""

    name = "log"
    period = 5.0
    timeout = 10.0
    needs: tuple[str, ...] = ("wire.documents", "wire.committed", "wire.stores")

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario, newest: int = NEWEST) -> None:
        self._endpoints = endpoints
        self._scenario = scenario
        self._newest = newest
        self._redis: Redis | None = None
        self._documents: Documents | None = None

    async def open(self) -> None:
        """Finds both stores."""
        from wire.documents import Documents
        from wire.stores import redis_client

        self._redis = redis_client(await self._endpoints.redis(), timeout=3.0)
        self._documents = Documents(await self._endpoints.mongo(), timeout=5.0)

    async def read(self) -> Rejections:
        """The newest ones."""
        from wire.committed import read_committed

        assert self._redis is not None
        assert self._documents is not None
        name = self._scenario.name
        events = await read_committed(self._redis, name)
        refused = await read_committed(self._redis, name, rejected=True)
        ranges = [*events.ranges(), *refused.ranges()]
        found = await self._documents.newest(rejected_collection(name), ranges, self._newest)
        totals = events.totals
        dead = totals.refused + totals.dead
        return Rejections(tuple(map(rejection, found)), dead, totals.repeated)

    async def close(self) -> None:
        """Ends the connections."""
        redis, self._redis = self._redis, None
        documents, self._documents = self._documents, None
        if documents is not None:
            await documents.close()
        if redis is not None:
            await redis.aclose()
