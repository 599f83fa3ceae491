"""What a queue is to whoever reads its books: its words, and the rule by which they close.

How services publish to it and receive from it are its ends, in `services.queues`. The room knows
this half only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from scenarios.scenario import Scenario
    from wire.books import Books, Figures
    from wire.committed import Committed
    from wire.documents import Documents
    from wire.kafka import Brokers
    from wire.rebuilding import Rebuilt

Rule = Callable[["Figures"], "Books"]
"""Makes the books of the figures that all queues have."""


@dataclass(frozen=True, slots=True)
class Where:
    """How the engines are reached from here."""

    redis: Redis
    """A client of the scenario's Redis; it belongs to whoever made it."""
    address: Callable[[str], str | Brokers]
    """The address of an engine by its name."""
    broker_addresses: Mapping[str, str] = field(default_factory=dict)
    """As `wire.topics.OffsetReader` takes them."""


class Account(Protocol):
    """What one queue says of the events of one scenario."""

    async def look(self, committed: Committed) -> Rule:
        """What the queue says now, as a rule that knows it. `committed` was read just before, so
        what comes in between is in flight and does not look lost. Raises RedisError, KafkaError or
        OSError; errors of another client are made an OSError."""

    async def close(self) -> None:
        """Ends the connections that are its own."""


class Lag(Protocol):
    """How far the consumers of one scenario are behind; raises as Account does."""

    async def waiting(self, readable: bool = False) -> Mapping[int, int]:
        """Partition -> records that nobody has handled yet; of the `readable` ones only where those
        behind an open transaction are not meant. Empty while there is no partition."""

    async def end(self) -> int:
        """Records that the queue has taken, in all partitions."""

    async def members(self) -> int:
        """Consumers that share the partitions."""

    async def close(self) -> None:
        """Ends the connections that are its own."""


class NotReplayableError(Exception):
    """The queue keeps nothing that could be read again."""


class QueueKind(ABC):
    """One kind of queue."""

    name: str
    """As `queue` in a scenario."""
    title: str
    """As people call it."""
    acknowledged: str
    """One sentence: of what a client can be sure whose events were acknowledged."""
    replayable: bool
    """Whether what was published can be read again. Then nothing that was acknowledged may be
    lost, and `lag` and `rebuild` are there."""
    stores: bool = False
    """Whether whoever publishes writes the stores by itself; it has the consumer's login then."""
    ends: str = ""
    """The module with `QUEUE`, its ends for services (`services.queues.port.Queue`); where it is
    empty, the file `ends.py` of its own folder."""

    @abstractmethod
    def account(self, scenario: str, where: Where) -> Account:
        """What it says of a scenario. Nothing is connected before it is asked."""

    def lag(
        self,
        scenario: str,
        address: Callable[[str], str],
        broker_addresses: Mapping[str, str] | None = None,
    ) -> Lag | None:
        """What tells the lag, for those who scale and for the room; None where nothing waits in
        the queue, whoever receives. Nothing is connected before it is asked."""
        return None

    async def rebuild(self, scenario: Scenario, documents: Documents, where: Where) -> Rebuilt:
        """Makes counters and committed offsets anew, of the documents and of what the queue still
        has. Raises NotReplayableError, PurgedError, and the errors of the stores."""
        raise NotReplayableError(f"{self.title} keeps nothing that could be read again")
