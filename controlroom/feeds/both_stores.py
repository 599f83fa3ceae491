"""What a source does that asks Redis and the document store: finds both, and lets go of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import LiveEndpoints

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from wire.documents import Documents


class BothStores:
    """The connections of such a source; there are none before `open` and after `close`."""

    patience = 5.0
    """Seconds that the document store may take for an answer."""

    def __init__(self, endpoints: LiveEndpoints) -> None:
        self._endpoints = endpoints
        self._redis: Redis | None = None
        self._documents: Documents | None = None

    async def open(self) -> None:
        """Finds both stores."""
        from wire.documents import Documents
        from wire.stores import redis_client

        self._redis = redis_client(await self._endpoints.redis(), timeout=3.0)
        self._documents = Documents(await self._endpoints.mongo(), timeout=self.patience)

    async def close(self) -> None:
        """Ends the connections."""
        redis, self._redis = self._redis, None
        documents, self._documents = self._documents, None
        if documents is not None:
            await documents.close()
        if redis is not None:
            await redis.aclose()
