"""Counts the stored documents as they come, beside the loop, in one consumer at a time.

What it counts is kept beside the documents, so whoever opens the books finds the work done.
"""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.consumer.lease import Lease
from services.shared import logline
from wire import keys
from wire.committed import Committed, read_committed
from wire.document_count import DocumentCount
from wire.documents import Documents, DocumentsError

_EVERY = 1.0
"""Seconds between two looks at the committed offsets."""
_SLICE = 0.5
"""Longest time of counting between two looks."""
_REST = 0.25
"""How many times as long as it counted it then rests. A question that waits for a busy store costs
the store nothing, so a longer rest would let the count fall behind a load that lasts."""
_SHARE = 0.01
"""Of the time that is spent on counting again what was counted before."""
_SAVE_EVERY = 2.0
_INDEX_EVERY = 30.0
"""Seconds after which the indexes are made sure of: a store that lost its data while consumers went
on has none, and every question about a range would read all of it."""


class Auditing:
    """Counts while it holds the lease."""

    def __init__(self, scenario: str, redis: Redis, documents: Documents, holder: str) -> None:
        self._scenario = scenario
        self._redis = redis
        self._documents = documents
        self._count = DocumentCount(scenario, documents)
        self._lease = Lease(redis, keys.auditing_key(scenario), holder)
        self._version = -1
        self._saved = 0.0
        self._recheck_at = 0.0
        self._index_at = 0.0
        self._away = False

    async def run(self) -> None:
        """Works until cancelled; stores that do not answer are tried again."""
        while True:
            pause = _EVERY
            try:
                if await self._lease.held():
                    pause = await self._work()
                self._away = False
            except (RedisError, DocumentsError, OSError) as error:
                self._tell(error)
            await asyncio.sleep(pause)

    async def _work(self) -> float:
        """Counts what came since; the seconds until there may be something to do again."""
        if self._lease.fresh:
            await self._count.load()
            self._lease.fresh, self._version = False, -1
        begun = time.monotonic()
        if begun >= self._index_at:
            await self._documents.ensure_indexes(self._scenario)
            begun = time.monotonic()
            self._index_at = begun + _INDEX_EVERY
        committed_offsets = await read_committed(self._redis, self._scenario)
        left = (
            await self._advance(committed_offsets)
            if committed_offsets.version != self._version
            else 0
        )
        now = time.monotonic()
        if now >= self._recheck_at:
            await self._count.recheck()
            self._recheck_at = time.monotonic() + (time.monotonic() - now) / _SHARE
        if not left or time.monotonic() - self._saved >= _SAVE_EVERY:
            await self._count.save()
            self._saved = time.monotonic()
        return (now - begun) * _REST if left else _EVERY

    async def _advance(self, committed_offsets: Committed) -> int:
        ranges, until = committed_offsets.ranges(), time.monotonic() + _SLICE
        left = await self._count.advance(ranges, until, committed_offsets.sides)
        self._version = -1 if left else committed_offsets.version
        return left

    def _tell(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logline.warning("the count of the documents waits for a store", error=str(error))
