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
from typing import Any

from scenarios.loading import load
from services.consumer.stores import Stores, storing
from services.queues.admission import watching_disks
from services.queues.batch import Batch, Sink, reached
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


class Log:
    """What one place of a topic has stored in this life of the process."""

    def __init__(self, sink: Sink[Any], topic: str) -> None:
        self._sink = sink
        self._topic = topic
        self.ending = False
        """Whether stores that do not answer are not waited for any more."""
        self._begin()

    def _begin(self) -> None:
        self._id = uuid.uuid4().hex
        self._committed = -1

    async def store(self, entries: Sequence[Entry]) -> None:
        """Returns once they are stored and counted. Raises AbandonedError."""
        try:
            await self._stored(placed(entries, self._committed + 1, time.time_ns() // 1_000_000))
        except BaseException:
            # documents of theirs may be at these places, so those are nobody else's
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
    ) -> None:
        """`admit` raises Unavailable while nothing is taken."""
        room = Room()
        self._logs: list[Log] = []
        gatherings: dict[str, Gathering] = {}
        for topic in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
            logs = [Log(sink, topic) for _ in range(PLACES)]
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
        publisher = DirectPublisher(stores, scenario.name, disks.check)
        opening = run_beside(lambda: _opened(stores, publisher, lifecycle), "stores")
        try:
            yield publisher
            await publisher.close()
        finally:
            await end([opening])


async def _opened(stores: Stores, publisher: DirectPublisher, lifecycle: Lifecycle) -> None:
    with contextlib.suppress(AbandonedError):
        await stores.ensure(lifecycle.stopping.is_set)
        publisher.connected.set()
