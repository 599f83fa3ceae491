"""Removing the stored documents of a scenario on purpose."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints


async def purge_logs(doors: Endpoints, scenario: str) -> int:
    """Removes every document that the fences cover; answers how many there were.

    The fences stay, so nothing is counted again, and the books know what was removed.
    Raises RedisError or the documents' own errors.
    """
    from wire.documents import Documents
    from wire.purging import purge
    from wire.stores import redis_client

    redis = redis_client(doors.redis)
    documents = Documents(doors.mongo)
    try:
        return await purge(scenario, redis, documents)
    finally:
        await documents.close()
        await redis.aclose()
