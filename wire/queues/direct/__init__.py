"""Direct: whoever publishes stores. What is acknowledged is in the documents and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.queues.kind import Account, QueueKind, Where

if TYPE_CHECKING:
    from scenarios.scenario import Scenario
    from wire.documents import Documents
    from wire.rebuilding import Rebuilt


class DirectKind(QueueKind):
    """Nothing waits in it, and nothing that was acknowledged may be lost."""

    name = "direct"
    title = "direct"
    acknowledged = "Every accepted event is stored and counted."
    replayable = True
    stores = True
    ends = "services.queues.direct"

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        from wire.queues.direct.books import DirectAccount

        return DirectAccount()

    async def rebuild(self, scenario: Scenario, documents: Documents, where: Where) -> Rebuilt:
        """Of the documents alone; what is being stored meanwhile is counted by its publisher."""
        from wire.queues.direct.logs import logs_of
        from wire.rebuilding import rebuild_with

        living = logs_of(scenario.name, where.redis, documents)
        return await rebuild_with(scenario, where.redis, documents, living)


KIND = DirectKind()
