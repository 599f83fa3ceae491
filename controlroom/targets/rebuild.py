"""Rebuilds the counters of a scenario from its stored documents."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints, Refused
from scenarios.scenario import Scenario

_PATIENCE = 60.0


async def rebuild_tallies(endpoints: Endpoints, scenario: Scenario) -> dict[str, int] | None:
    """Rebuilds; answers the totals of the books by name, None where documents were removed.

    Raises Refused for a target without these stores and for a queue that cannot be read again,
    RedisError, KafkaError or the documents' own errors.
    """
    from wire.documents import Documents
    from wire.queues.kind import NotReplayableError, Where
    from wire.queues.registry import queue_kind
    from wire.rebuilding import PurgedError
    from wire.stores import redis_client

    redis = redis_client(endpoints.address("redis"), timeout=_PATIENCE)
    documents = Documents(endpoints.address("mongo"), timeout=_PATIENCE)
    where = Where(redis, endpoints.address, endpoints.brokers)
    try:
        rebuilt = await queue_kind(scenario.queue).rebuild(scenario, documents, where)
    except PurgedError:
        return None
    except NotReplayableError as error:
        raise Refused(f"{error}, so its counters cannot be made anew.") from error
    finally:
        await documents.close()
        await redis.aclose()
    names = ("counted", "dead", "extra", "refused")
    return {name: rebuilt.totals[name] for name in names}
