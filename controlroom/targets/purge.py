"""Removing the stored documents of a scenario on purpose."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints


async def purge_logs(endpoints: Endpoints, scenario: str) -> int:
    """Removes every document that the committed offsets cover; answers how many there were.

    The committed offsets stay, so nothing is counted again, and the books know what was removed.
    Raises Refused for a target without these stores, RedisError or the documents' own errors.
    """
    from wire.documents import Documents
    from wire.purging import purge
    from wire.stores import redis_client

    redis = redis_client(endpoints.address("redis"))
    documents = Documents(endpoints.address("mongo"))
    try:
        return await purge(scenario, redis, documents)
    finally:
        await documents.close()
        await redis.aclose()
