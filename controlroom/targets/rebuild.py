"""Rebuilds the counters of a scenario from its stored documents."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints
from scenarios.scenario import Scenario

_PATIENCE = 60.0


async def rebuild_tallies(endpoints: Endpoints, scenario: Scenario) -> dict[str, int] | None:
    """Rebuilds; answers the totals of the books by name, None where documents were removed.

    Raises Refused for a target without these stores, RedisError, KafkaError or the documents' own
    errors.
    """
    from wire.documents import Documents
    from wire.rebuilding import PurgedError, rebuild
    from wire.stores import redis_client
    from wire.topics import OffsetReader

    redis = redis_client(endpoints.address("redis"), timeout=_PATIENCE)
    documents = Documents(endpoints.address("mongo"), timeout=_PATIENCE)
    offsets = OffsetReader(endpoints.address("kafka"), broker_addresses=endpoints.brokers)
    try:
        rebuilt = await rebuild(scenario, redis, documents, offsets)
    except PurgedError:
        return None
    finally:
        await offsets.close()
        await documents.close()
        await redis.aclose()
    names = ("counted", "dead", "extra", "refused")
    return {name: rebuilt.totals[name] for name in names}
