"""Redis Pub/Sub: at most once, and what was lost is known."""

from __future__ import annotations

from wire.queues.kind import Account, QueueKind, Where


class PubsubKind(QueueKind):
    """Nothing waits in it, and nothing can be read again."""

    name = "pubsub"
    title = "Redis Pub/Sub"
    acknowledged = "Every accepted event was published, to whoever is subscribed, or to nobody."
    replayable = False
    ends = "services.queues.pubsub"

    def account(self, scenario: str, where: Where) -> Account:
        """See QueueKind."""
        from wire.queues.pubsub.books import PubsubAccount

        return PubsubAccount(scenario, where.redis)


KIND = PubsubKind()
