"""Direct: the publisher has the sink in its own process."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from services.queues.port import Publisher, Queue, Receiver
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings


class Direct(Queue):
    """Each end brings its own modules."""

    def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AbstractAsyncContextManager[Publisher]:
        """See Queue."""
        from services.queues.direct.publisher import publishing

        settings.need("redis_url", settings.redis_url)
        settings.need("mongo_url", settings.mongo_url)
        return publishing(settings, lifecycle)

    def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AbstractAsyncContextManager[Receiver]:
        """See Queue."""
        from services.queues.direct.receiver import receiving

        return receiving()


QUEUE = Direct()
