"""The port between services and a queue: how is published, and how is received.

A queue gives each record a place: the log that it is in, and its offset there. Places are all that
the stores need to count a record once, so every queue has the same sink behind it
(`services.queues.batch.Sink`), and confirms in its own way what the sink has counted.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import problems
from wire.problems import Problem
from wire.record import Headers

if TYPE_CHECKING:
    from services.queues.batch import Abandoned, Sink

DEADLINE = 10.0
"""Seconds that a request waits for the queue; longer than a restart of it takes."""


class Unavailable(Exception):
    """The queue did not take the records in time; the client may try again."""

    def __init__(
        self, message: str, retry_after: int = 1, problem: Problem = problems.UNAVAILABLE
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.retry_after = retry_after
        """Seconds."""


class Entry(NamedTuple):
    """One record to be sent."""

    value: bytes
    headers: Headers


class Publisher(Protocol):
    """What producers send by."""

    @property
    def connected(self) -> asyncio.Event:
        """Set once the queue has been reached for the first time."""

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """Send records to one of the two topics of the scenario (see `wire.keys`).

        Returns when they are acknowledged, which means what the kind of queue says
        (`QueueKind.acknowledged`). Those of one `slot` stay in order. Raises Unavailable; records
        may be in the queue after that too, like after any answer that was lost.
        """


class Receiver(Protocol):
    """What a consumer receives by."""

    async def ensure(self, abandoned: Abandoned) -> None:
        """Returns when the queue is there, with what it needs for the scenario made. Raises
        AbandonedError."""

    async def consume(self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness) -> None:
        """Hands records to the sink until the lifecycle stops. Raises AbandonedError."""


class Queue(ABC):
    """The ends of one kind of queue. Both raise SettingsError where a setting of theirs is missing.

    Nothing is imported for an end that a service does not use.
    """

    @abstractmethod
    def publishing(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle
    ) -> AbstractAsyncContextManager[Publisher]:
        """A publisher that works while the block runs; what is under way arrives at its end."""

    @abstractmethod
    def receiving(
        self, settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
    ) -> AbstractAsyncContextManager[Receiver]:
        """A receiver that lets go of the queue at the end of the block."""
