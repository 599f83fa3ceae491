"""Redis Streams: a log in Redis, received by one member of the group per partition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wire.queues.kind import Account, Lag, QueueKind, Where

if TYPE_CHECKING:
    from scenarios.scenario import Scenario
    from wire.documents import Documents
    from wire.rebuilding import Held, Rebuilt


class StreamsKind(QueueKind):
    """Nothing that was acknowledged may be lost."""

    name = "streams"
    title = "Redis Streams"
    acknowledged = "Redis has every accepted event in a stream and in its append-only file."
    replayable = True
    ends = "services.queues.streams"

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        from wire.queues.streams.books import StreamsAccount

        return StreamsAccount(scenario, where.redis)

    def lag(
        self,
        scenario: str,
        address: Callable[[str], str],
        broker_addresses: Mapping[str, str] | None = None,
    ) -> Lag | None:
        """See QueueKind."""
        from wire.queues.streams.lag import StreamsLag
        from wire.stores import redis_client

        return StreamsLag(scenario, redis_client(address("redis")))

    async def rebuild(self, scenario: Scenario, documents: Documents, where: Where) -> Rebuilt:
        """See QueueKind."""
        from wire.queues.streams import names
        from wire.rebuilding import Held, rebuild_with

        async def living(topic: str) -> list[Held]:
            found: list[Held] = []
            for each in await names.generations(where.redis, scenario.name, topic):
                for partition, end in each.ends.items():
                    begin = await names.begin(where.redis, scenario.name, each.id, partition)
                    begin = end if begin is None else min(begin, end)
                    found.append(Held(each.id, partition, begin, end))
            return found

        return await rebuild_with(scenario, where.redis, documents, living)


KIND = StreamsKind()
