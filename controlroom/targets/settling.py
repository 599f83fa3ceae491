"""Writing off the events that a broker has lost."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints


async def settle_books(endpoints: Endpoints, scenario: str, events: int, side: str = "") -> None:
    """From now on the books expect `events` acknowledged events to be missing, in all, of the
    queue `side` (see `Scenario.side`).

    Safe to repeat. Raises Refused for a target without these stores, RedisError or the
    documents' own errors.
    """
    from wire.documents import Documents
    from wire.lives import Lives
    from wire.stores import redis_client

    redis = redis_client(endpoints.address("redis"))
    documents = Documents(endpoints.address("mongo"))
    try:
        await Lives(scenario, redis, documents, side).settle(events)
    finally:
        await documents.close()
        await redis.aclose()
