"""Redis Streams: a log in Redis, received by one member of the group per partition."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from services.queues.port import Publisher, Queue, Receiver
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings


class Streams(Queue):
    """Each end brings its own modules."""

    def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AbstractAsyncContextManager[Publisher]:
        """See Queue."""
        from services.queues.streams.publisher import publishing

        settings.need("redis_url", settings.redis_url)
        return publishing(settings, scenario, lifecycle)

    def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AbstractAsyncContextManager[Receiver]:
        """See Queue."""
        from services.queues.streams.receiver import receiving

        settings.need("redis_url", settings.redis_url)
        return receiving(settings, scenario, lifecycle, liveness)


QUEUE = Streams()
