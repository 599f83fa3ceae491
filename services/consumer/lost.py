"""Removes documents that lie at places which were counted as lost.

Whoever stores may die before it counts, or stand still there for so long that the others take what
it has stored for lost. Nobody counts such a place any more, so its document is nobody's. The places
are noted in the step that counts them as lost, and looked at for a day: at the start of every
consumer, after each loss and each count that was refused, and in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.shared import logline
from wire import keys
from wire.documents import Documents, DocumentsError
from wire.ranges import Range

_EVERY = 60.0
_KEPT_MS = 86_400_000
"""For so long a place that was lost is looked at."""


class Lost:
    """The places of one scenario that were counted as lost."""

    def __init__(self, scenario: str, redis: Redis, documents: Documents) -> None:
        self.again = asyncio.Event()
        """Set where there may be a document to remove."""
        self._key = keys.lost_key(scenario)
        self._collections = (keys.logs_collection(scenario), keys.rejected_collection(scenario))
        self._redis = redis
        self._documents = documents

    async def run(self) -> None:
        """Works until cancelled; stores that do not answer are tried again."""
        while True:
            self.again.clear()
            wait = _EVERY
            try:
                await self._clear()
            except (RedisError, DocumentsError, OSError):
                wait = 1.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.again.wait(), wait)

    async def _clear(self) -> None:
        oldest = time.time_ns() // 1_000_000 - _KEPT_MS
        for place, noted in (await self._redis.hgetall(self._key)).items():
            tp, _, after = str(place).rpartition(" ")
            upto, _, at = str(noted).partition(" ")
            wanted = Range(tp, int(after), int(upto))
            removed = sum([await self._documents.clear(each, wanted) for each in self._collections])
            if removed:
                logline.warning("stored, and counted as lost before", tp=tp, removed=removed)
            if int(at) < oldest:
                await self._redis.hdel(self._key, place)
