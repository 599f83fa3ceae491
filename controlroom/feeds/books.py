"""The books, kept by wire.bookkeeping from all three stores."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from controlroom.feeds.doors import Doors
from controlroom.feeds.limit import Limit
from controlroom.feeds.queue_time import QueueTimes
from controlroom.model.books import BooksSample

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from wire.bookkeeping import Auditor
    from wire.documents import Documents
    from wire.topics import OffsetReader


class BooksSource:
    """The first reading counts every document, later ones what is new."""

    name = "books"
    period = 0.4
    # a first reading of millions of documents takes its time; the stores' own clients give up
    # sooner when one of them does not answer
    timeout = 60.0
    needs: tuple[str, ...] = ("wire.bookkeeping", "wire.stores")

    def __init__(
        self,
        doors: Doors,
        scenario: str,
        waits: QueueTimes | None = None,
        limit: Limit | None = None,
    ) -> None:
        self._doors = doors
        self._scenario = scenario
        self._waits = waits
        self._limit = limit
        self._redis: Redis | None = None
        self._offsets: OffsetReader | None = None
        self._documents: Documents | None = None
        self._auditor: Auditor | None = None

    async def open(self) -> None:
        """Finds the three stores. A new auditor makes the next reading an exact one."""
        from wire.bookkeeping import Auditor
        from wire.documents import Documents
        from wire.stores import redis_client
        from wire.topics import OffsetReader

        self._redis = redis_client(await self._doors.redis(), timeout=3.0)
        self._offsets = OffsetReader(
            await self._doors.kafka(), timeout=5.0, detours=await self._doors.brokers()
        )
        self._documents = Documents(await self._doors.mongo(), timeout=5.0)
        self._auditor = Auditor(self._scenario, self._redis, self._offsets, self._documents)

    async def read(self) -> BooksSample:
        """The books now, and how long recent events queued."""
        assert self._auditor is not None
        # asked beside the audit, so that a slow Prometheus does not hold up the books
        books, _ = await asyncio.gather(self._auditor.audit(), self._refresh())
        queue_time = self._waits.figure(time.time()) if self._waits else None
        limit = self._limit.figure(books.in_flight) if self._limit else ""
        return BooksSample(books, queue_time, limit)

    async def _refresh(self) -> None:
        if self._limit is not None:
            await self._limit.refresh()

    async def close(self) -> None:
        """Ends the connections."""
        self._auditor = None
        if self._limit is not None:
            await self._limit.close()
        redis, self._redis = self._redis, None
        offsets, self._offsets = self._offsets, None
        documents, self._documents = self._documents, None
        if documents is not None:
            documents.close()
        if offsets is not None:
            await offsets.close()
        if redis is not None:
            await redis.aclose()
