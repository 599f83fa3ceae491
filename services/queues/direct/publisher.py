"""Publishes by storing: documents first, then counted behind the committed offset, in this process.

Each place of a life of the process is a log of its own, so nobody else writes there, and one group
is stored at a time. A group that was begun is asked of the stores until they have it, whatever
its clients were told meanwhile: its places in the log are given out once.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from scenarios.loading import load
from services.consumer.stores import Stores, storing
from services.queues.admission import watching_disks
from services.queues.batch import Abandoned, Batch, Sink, reached
from services.queues.gathering import Gathering, GatheringPublisher, Room
from services.queues.port import DEADLINE, Entry, Unavailable
from services.queues.record import PlacedRecord, placed
from services.shared.beside import run_beside
from services.shared.dependencies import AbandonedError
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import keys
from wire.ending import end

PLACES = 4
"""Groups of one topic that are stored at a time, at most."""
_LIMIT = 3_600.0


class Leaving(Protocol):
    """Who counts what is left behind."""

    def leave(self, topic: str, log: str) -> None:
        """This process writes there no more."""


class Book(Protocol):
    """Where logs are noted, so that what is left in them is counted by somebody."""

    @property
    def left(self) -> Leaving:
        """Who does that."""

    async def begin_log(self, topic: str, log: str, abandoned: Abandoned) -> None:
        """A log gets its first documents. Raises AbandonedError."""


class Log:
    """What one place of a topic has stored in this life of the process."""

    def __init__(self, sink: Sink[Any], topic: str, book: Book | None = None) -> None:
        self._sink = sink
        self._topic = topic
        self._book = book
        self.ending = False
        """Whether stores that do not answer are not waited for any more."""
        self._begin()

    def _begin(self) -> None:
        self._id = uuid.uuid4().hex
        self._committed = -1
        self._noted = False

    async def store(self, entries: Sequence[Entry]) -> None:
        """Returns once they are stored and counted. Raises AbandonedError."""
        try:
            if self._book is not None and not self._noted:
                await self._book.begin_log(self._topic, self._id, self._abandoned)
                self._noted = True
            await self._stored(placed(entries, self._committed + 1, time.time_ns() // 1_000_000))
        except BaseException:
            # documents of theirs may be at these places, so those are nobody else's
            if self._book is not None:
                self._book.left.leave(self._topic, self._id)
            self._begin()
            raise

    async def _stored(self, records: list[PlacedRecord]) -> None:
        last = records[-1].offset
        while records:
            batch = Batch(self._topic, self._id, 0, self._committed, last, records)
            prepared = await self._sink.prepare(batch, self._abandoned)
            await self._sink.store([prepared], self._abandoned)
            (verdict,) = await self._sink.count([prepared], self._abandoned)
            if reached(verdict, batch):
                self._committed = last
                return
            # a rebuild has counted some of them meanwhile, or Redis has forgotten what was counted
            self._committed = verdict.committed
            records = _behind(records, self._committed)

    def _abandoned(self) -> bool:
        return self.ending


class DirectPublisher(GatheringPublisher):
    """See services.queues.port.Publisher."""

    def __init__(
        self,
        sink: Sink[Any],
        scenario: str,
        admit: Callable[[], None] = lambda: None,
        deadline: float = DEADLINE,
        book: Book | None = None,
    ) -> None:
        """`admit` raises Unavailable while nothing is taken. `book`: where logs are noted."""
        room = Room()
        self._logs: list[Log] = []
        gatherings: dict[str, Gathering] = {}
        for topic in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
            logs = [Log(sink, topic, book) for _ in range(PLACES)]
            gatherings[topic] = Gathering(_storing(logs), PLACES, room, deadline)
            self._logs += logs
        super().__init__(gatherings, admit)

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """See services.queues.port.Publisher."""
        if not self.connected.is_set():
            raise Unavailable("the stores have not answered yet")
        await super().publish(topic, entries, slot)

    async def close(self) -> None:
        """What was begun is stored, within some seconds."""
        await super().close()
        for log in self._logs:
            log.ending = True


def _storing(logs: Sequence[Log]) -> Any:
    async def send(place: int, entries: list[Entry]) -> None:
        try:
            await logs[place].store(entries)
        except AbandonedError as error:
            raise Unavailable("the stores do not answer") from error

    return send


def _behind(records: Sequence[PlacedRecord], committed: int) -> list[PlacedRecord]:
    return [record for record in records if record.offset > committed]


@contextlib.asynccontextmanager
async def publishing(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[DirectPublisher]:
    """A publisher with stores of its own, which end with the block."""
    scenario = load(settings.scenario)
    # nobody waits for its beats: a request has its own deadline
    liveness = Liveness("stores", _LIMIT)
    async with (
        storing(settings, scenario, lifecycle.beginning, liveness) as stores,
        watching_disks(settings) as disks,
    ):
        publisher = DirectPublisher(stores, scenario.name, disks.check, book=stores)
        beside = [
            run_beside(lambda: _opened(stores, publisher, lifecycle), "stores"),
            run_beside(stores.left.run, "look at what was left"),
        ]
        try:
            yield publisher
            await publisher.close()
        finally:
            await end(beside)


async def _opened(stores: Stores, publisher: DirectPublisher, lifecycle: Lifecycle) -> None:
    with contextlib.suppress(AbandonedError):
        await stores.ensure(lifecycle.stopping.is_set)
        publisher.connected.set()
