"""Documents that are not written while the store's disk has hardly any space left."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wire import disk
from wire.documents import Document, Documents, DocumentsError
from wire.ending import end

_EVERY = 1.0
"""Seconds between two looks at what Redis says of the space."""


class GuardedDocuments(Documents):
    """A store that stays away from its last bytes, which it needs to go on at all.

    Producers stop earlier; what they had accepted before then fits above this bound, or waits.
    """

    def __init__(self, redis: Redis, url: str, username: str = "", password: str = "") -> None:
        super().__init__(url, username, password)
        self._redis = redis
        self._look: asyncio.Task[None] | None = None
        self._looked: float | None = None
        self._reason = ""

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        """As Documents does it; DocumentsError while too little space is left.

        Only the first insert waits for what Redis says of the space: a Redis that is slow is no
        reason to store less, and the time it takes is none of the document store's.
        """
        if self._due():
            self._look = asyncio.create_task(self._find_out())
        if self._looked is None and self._look is not None:
            await asyncio.shield(self._look)
        if self._reason:
            raise DocumentsError(self._reason)
        return await super().insert(collection, documents)

    async def close(self) -> None:
        """As Documents does it."""
        if self._look is not None:
            await end([self._look])
        await super().close()

    def _due(self) -> bool:
        if self._look is not None and not self._look.done():
            return False
        return self._looked is None or time.monotonic() - self._looked > _EVERY

    async def _find_out(self) -> None:
        # a Redis that is away is waited for where the events are counted
        with contextlib.suppress(RedisError, OSError):
            found = await disk.shortages(self._redis, ["mongo"])
            self._reason = next((each.text for each in found if each.severe), "")
        self._looked = time.monotonic()
