"""Redis Pub/Sub: at most once, and what was lost is known."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from services.queues.port import Publisher, Queue, Receiver
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings


class Pubsub(Queue):
    """Each end brings its own modules."""

    def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AbstractAsyncContextManager[Publisher]:
        """See Queue."""
        from services.queues.pubsub.publisher import publishing

        settings.need("redis_url", settings.redis_url)
        return publishing(settings, scenario, lifecycle)

    def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AbstractAsyncContextManager[Receiver]:
        """See Queue."""
        from services.queues.pubsub.receiver import receiving

        settings.need("redis_url", settings.redis_url)
        return receiving(settings, scenario, lifecycle, liveness)


QUEUE = Pubsub()
