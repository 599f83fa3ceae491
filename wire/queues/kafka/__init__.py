"""Kafka: a log, read again from where it was counted to."""

from __future__ import annotations

from wire.queues.kind import Account, QueueKind, Where


class KafkaKind(QueueKind):
    """Nothing that was acknowledged may be lost."""

    name = "kafka"
    title = "Kafka"
    acknowledged = "Every in-sync replica of the event's partition has it."
    replayable = True
    ends = "services.queues.kafka"

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        # a room with another queue needs no client of Kafka
        from wire.queues.kafka.books import KafkaAccount
        from wire.topics import OffsetReader

        offsets = OffsetReader(where.door(self.name), timeout=5.0, detours=where.detours)
        return KafkaAccount(scenario, offsets)


KIND = KafkaKind()
