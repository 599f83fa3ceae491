"""Documents that are not written while the store's disk has hardly any space left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wire import disk
from wire.documents import Document, Documents, DocumentsError

_EVERY = 1.0


class GuardedDocuments(Documents):
    """A store that stays away from its last bytes, which it needs to go on at all.

    Producers stop earlier; what they had accepted before then fits above this bound, or waits.
    """

    def __init__(self, redis: Redis, url: str, username: str = "", password: str = "") -> None:
        super().__init__(url, username, password)
        self._redis = redis
        self._looked = 0.0
        self._reason = ""

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        """As Documents does it; DocumentsError while too little space is left."""
        if time.monotonic() - self._looked > _EVERY:
            self._looked = time.monotonic()
            # a Redis that is away is waited for where the events are counted
            with contextlib.suppress(RedisError, OSError):
                found = await disk.shortages(self._redis, ["mongo"])
                self._reason = next((each.text for each in found if each.severe), "")
        if self._reason:
            raise DocumentsError(self._reason)
        return await super().insert(collection, documents)
