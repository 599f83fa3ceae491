"""Removes documents that lie at places which were counted as lost.

Whoever stores may die before it counts, or stand still there for so long that the others take what
it has stored for lost. Nobody counts such a place any more, so its document is nobody's. The places
are noted in the step that counts them as lost, and looked at for a day: all of them at the start of
every consumer and once a minute by one of them; those of a batch after it was counted as lost, or
its count was refused, by whoever did that.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.consumer.lease import Lease
from services.shared import logline
from wire import keys
from wire.documents import Documents, DocumentsError
from wire.ranges import Range

_EVERY = 60.0
_LEASE = 150
"""Seconds for which the one that looks at all of them keeps doing so."""
_AGAIN = 1.0
"""Seconds until stores that did not answer are asked again."""
_KEPT_MS = 86_400_000
"""For so long a place that was lost is looked at."""


class Lost:
    """The places of one scenario that were counted as lost."""

    def __init__(self, scenario: str, redis: Redis, documents: Documents, holder: str) -> None:
        self._key = keys.lost_key(scenario)
        self._collections = (keys.logs_collection(scenario), keys.rejected_collection(scenario))
        self._redis = redis
        self._documents = documents
        self._lease = Lease(redis, keys.losing_key(scenario), holder, _LEASE)
        self._asked: list[Range] = []
        self._news = asyncio.Event()

    def look(self, wanted: Range) -> None:
        """There may be a document to remove in it."""
        self._asked.append(wanted)
        self._news.set()

    async def run(self) -> None:
        """Works until cancelled; stores that do not answer are tried again."""
        due = 0.0
        while True:
            self._news.clear()
            asked, self._asked = self._asked, []
            try:
                if time.monotonic() >= due:
                    if not due or await self._lease.held():
                        await self._clear(None)
                    due = time.monotonic() + _EVERY
                if asked:
                    await self._clear(asked)
                wait = due - time.monotonic()
            except (RedisError, DocumentsError, OSError):
                self._asked, wait = asked + self._asked, _AGAIN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), max(0.0, wait))

    async def _clear(self, asked: Sequence[Range] | None) -> None:
        """Looks at the places in these ranges, or at all of them."""
        oldest = time.time_ns() // 1_000_000 - _KEPT_MS
        for name, noted in (await self._redis.hgetall(self._key)).items():
            tp, _, after = str(name).rpartition(" ")
            upto, _, at = str(noted).partition(" ")
            place = Range(tp, int(after), int(upto))
            if asked is not None and not any(_meet(place, each) for each in asked):
                continue
            removed = sum([await self._documents.clear(each, place) for each in self._collections])
            if removed:
                logline.warning("stored, and counted as lost before", tp=tp, removed=removed)
            if int(at) < oldest:
                await self._redis.hdel(self._key, name)


def _meet(one: Range, other: Range) -> bool:
    return one.tp == other.tp and one.after < other.upto and other.after < one.upto
