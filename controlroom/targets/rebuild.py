"""Rebuilds the counters of a scenario from its stored documents."""

from __future__ import annotations

from controlroom.targets.abilities import Endpoints, Refused
from scenarios.scenario import Scenario

_PATIENCE = 60.0


async def rebuild_tallies(endpoints: Endpoints, scenario: Scenario) -> dict[str, int] | None:
    """Rebuilds; answers the totals of the books by name, None where documents were removed.

    Of several queues the first has to be the one that is read again; what the others have counted
    is made of their documents.

    Raises Refused for a target without these stores and for a queue that cannot be read again,
    RedisError, KafkaError or the documents' own errors.
    """
    from wire.documents import Documents
    from wire.queues.kind import NotReplayableError, Where
    from wire.queues.registry import queue_kind
    from wire.rebuilding import BusyError, PurgedError
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
    except BusyError as error:
        raise Refused(
            f"Events came by {error} all the while, which are not read again. Nothing was "
            "changed: stop the load on it and try again."
        ) from error
    finally:
        await documents.close()
        await redis.aclose()
    names = ("counted", "dead", "extra", "refused")
    return {name: rebuilt.totals[name] for name in names}
