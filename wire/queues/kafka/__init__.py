"""Kafka: a log, read again from where it was counted to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wire.queues.kind import Account, Lag, QueueKind, Where

if TYPE_CHECKING:
    from scenarios.scenario import Scenario
    from wire.documents import Documents
    from wire.rebuilding import Rebuilt


class KafkaKind(QueueKind):
    """Nothing that was acknowledged may be lost."""

    name = "kafka"
    title = "Kafka"
    acknowledged = "Kafka has every accepted event on all in-sync replicas."
    replayable = True
    ends = "services.queues.kafka"

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        # a room with another queue needs no client of Kafka
        from wire.queues.kafka.books import KafkaAccount
        from wire.topics import OffsetReader

        offsets = OffsetReader(where.address(self.name), broker_addresses=where.broker_addresses)
        return KafkaAccount(scenario, offsets)

    def lag(
        self,
        scenario: str,
        address: Callable[[str], str],
        broker_addresses: Mapping[str, str] | None = None,
    ) -> Lag | None:
        """See QueueKind."""
        from wire.queues.kafka.lag import KafkaLag
        from wire.topics import OffsetReader

        return KafkaLag(
            scenario, OffsetReader(address(self.name), broker_addresses=broker_addresses)
        )

    async def rebuild(self, scenario: Scenario, documents: Documents, where: Where) -> Rebuilt:
        """See QueueKind."""
        from wire.rebuilding import rebuild
        from wire.topics import OffsetReader

        reader = OffsetReader(where.address(self.name), broker_addresses=where.broker_addresses)
        async with reader as offsets:
            return await rebuild(scenario, where.redis, documents, offsets)


KIND = KafkaKind()
