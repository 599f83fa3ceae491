"""Kafka: a log that is read again from where the stores have counted it to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from services.queues.port import Publisher, Queue, Receiver
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings


class Kafka(Queue):
    """Each end brings its own modules."""

    def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AbstractAsyncContextManager[Publisher]:
        """See Queue."""
        from services.queues.kafka.publisher import publishing

        settings.need("kafka_bootstrap", settings.kafka.bootstrap)
        return publishing(settings, scenario, lifecycle)

    def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AbstractAsyncContextManager[Receiver]:
        """See Queue."""
        from services.queues.kafka.member import membership

        settings.need("kafka_bootstrap", settings.kafka.bootstrap)
        return membership(settings, scenario, lifecycle, liveness)


QUEUE = Kafka()
