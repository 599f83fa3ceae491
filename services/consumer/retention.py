"""Keeps the documents within their bounds, beside the loop, in one consumer at a time."""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.consumer import metrics
from services.consumer.lease import Lease
from services.shared import logline
from wire import keys
from wire.documents import Documents, DocumentsError
from wire.pruning import Keep, Pruner

_EVERY = 2.0
"""Seconds between two looks while nothing has to go."""
_PAUSE = 0.02
"""Seconds between two steps, in which the store belongs to the others alone."""


class Retention:
    """Prunes while it holds the lease. The lease spares work; that nothing is counted as removed
    twice is the low watermark's doing."""

    def __init__(
        self, scenario: str, redis: Redis, documents: Documents, keep: Keep, holder: str
    ) -> None:
        self._pruners = [
            Pruner(scenario, redis, documents, keep, rejected) for rejected in (False, True)
        ]
        self._keep = keep
        self._lease = Lease(redis, keys.retention_key(scenario), holder)
        self._away = False

    async def run(self) -> None:
        """Works until cancelled; stores that do not answer are tried again."""
        if self._keep.everything:
            return
        while True:
            pause = _EVERY
            try:
                if await self._lease.held() and await self._work():
                    pause = _PAUSE
                self._away = False
            except (RedisError, DocumentsError, OSError) as error:
                self._tell(error)
            await asyncio.sleep(pause)

    async def _work(self) -> bool:
        """One step; whether there may be another."""
        if self._lease.fresh:
            for pruner in self._pruners:
                await pruner.sweep()
            self._lease.fresh = False
        now = time.time_ns() // 1_000_000
        steps = [await pruner.step(now) for pruner in self._pruners]
        metrics.PRUNED.inc(sum(step or 0 for step in steps))
        return any(step is not None for step in steps)

    def _tell(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logline.warning("retention waits for a store", error=str(error))
