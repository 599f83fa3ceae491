"""The books, kept by wire.bookkeeping from the queue and both stores."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.limit import Limit
from controlroom.feeds.queue_time import QueueTimes
from controlroom.model.books import BooksSample
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from wire.bookkeeping import Keeper
    from wire.books import Books


WITHIN = 0.5
"""Seconds of counting documents in one reading; what is left the next ones go on with."""
LOOK_EVERY = 2.0
"""Seconds after which the queue is asked although nothing else has changed."""


class BooksSource:
    """Goes on from what was counted and kept. `exact` counts every document again."""

    name = "books"
    period = 0.4
    timeout = 20.0
    needs: tuple[str, ...] = ("wire.bookkeeping", "wire.stores")

    def __init__(
        self,
        endpoints: LiveEndpoints,
        scenario: Scenario,
        waits: QueueTimes | None = None,
        limit: Limit | None = None,
        exact: bool = False,
    ) -> None:
        self._endpoints = endpoints
        self._scenario = scenario
        self._waits = waits
        self._limit = limit
        self._exact = exact
        self._books: Books | None = None
        self._read_at = 0.0
        self._stores = AsyncExitStack()
        self._auditor: Keeper | None = None

    async def open(self) -> None:
        """Finds queue and stores."""
        from wire.bookkeeping import auditing

        self._auditor = await self._stores.enter_async_context(
            auditing(
                self._scenario.name,
                self._scenario.queues,
                await self._endpoints.endpoints(),
                # a store that is overloaded is late, and not away; the log's feed sees sooner
                # if it is
                patience=15.0,
                exact=self._exact,
            )
        )
        self._books = None

    async def read(self) -> BooksSample:
        """The books now, and how long recent events queued."""
        assert self._auditor is not None
        # asked beside the audit, so that a slow Prometheus does not hold up the books
        books, _ = await asyncio.gather(self._audit(self._auditor), self._refresh())
        queue_time = self._waits.figure(time.time()) if self._waits else None
        limit = self._limit.figure(books.in_flight) if self._limit else ""
        left = self._auditor.seconds_left(books.unaudited) if books.unaudited else None
        return BooksSample(books, queue_time, limit, left)

    async def _audit(self, auditor: Keeper) -> Books:
        known, now = self._books, time.monotonic()
        changed = await auditor.changed()
        if known is not None and known.closed and not changed and now - self._read_at < LOOK_EVERY:
            return known
        self._books, self._read_at = await auditor.audit(WITHIN), now
        return self._books

    async def _refresh(self) -> None:
        if self._limit is not None:
            await self._limit.refresh()

    async def close(self) -> None:
        """Ends the connections."""
        self._auditor = None
        if self._limit is not None:
            await self._limit.close()
        await self._stores.aclose()
