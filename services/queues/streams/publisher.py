"""Publishes to the streams: one entry for all requests that wait."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.queues.admission import RETRY_AFTER, watching_disks
from services.queues.gathering import Gathering, Room
from services.queues.packed import Message, pack
from services.queues.port import DEADLINE, Entry, Unavailable
from services.queues.redis import raw_client
from services.queues.streams.generations import Topic
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire import keys, problems
from wire.ending import end

MOST_BYTES = 16 << 20
"""Bytes that may wait in one partition."""
_PAUSE, _LONGEST = 0.05, 1.0


class StreamsPublisher:
    """See services.queues.port.Publisher. A group is sent again until it is there or its deadline
    has passed; it is there once, however often it was sent."""

    def __init__(
        self,
        redis: Redis,
        scenario: str,
        admit: Callable[[], None] = lambda: None,
        most: int = MOST_BYTES,
        deadline: float = DEADLINE,
    ) -> None:
        """`admit` raises Unavailable while nothing is taken."""
        self.connected = asyncio.Event()
        self._admit = admit
        self._most = most
        self._deadline = deadline
        self._name = uuid.uuid4().hex
        self._number = 0
        self._busy = waits_for("redis")
        room = Room()
        self._topics: dict[str, Topic] = {}
        self._gatherings: dict[str, Gathering] = {}
        for name in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
            topic = self._topics[name] = Topic(scenario, name, redis)
            send = partial(self._send, topic)
            self._gatherings[name] = Gathering(send, topic.partitions, room, deadline)

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """See services.queues.port.Publisher."""
        if entries:
            self._admit()
            await self._gatherings[topic].publish(entries, slot)

    async def _send(self, topic: Topic, place: int, entries: list[Entry]) -> None:
        data = pack(Message(time.time_ns() // 1_000_000, entries))
        self._number += 1
        number, until, pause = self._number, time.monotonic() + self._deadline, _PAUSE
        with self._busy.waiting():
            while True:
                try:
                    waiting = await topic.publish(
                        place, self._name, number, len(entries), data, self._most
                    )
                except (RedisError, OSError) as error:
                    if time.monotonic() + pause > until:
                        reason = f"Redis does not take it: {type(error).__name__}"
                        raise Unavailable(reason) from error
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST)
                else:
                    break
        if waiting:
            reason = f"{waiting >> 20} MiB wait for the stores in a partition"
            raise Unavailable(reason, RETRY_AFTER, problems.BACKLOG_FULL)

    async def run(self) -> None:
        """Returns when there is what is published to."""
        while not self.connected.is_set():
            try:
                for topic in self._topics.values():
                    await topic.ensure()
                self.connected.set()
            except (RedisError, OSError):
                await asyncio.sleep(_PAUSE * 4)

    async def close(self) -> None:
        """What waits is published, within some seconds."""
        await asyncio.gather(*(gathering.close() for gathering in self._gatherings.values()))


@contextlib.asynccontextmanager
async def publishing(
    settings: Settings, scenario: str, lifecycle: Lifecycle
) -> AsyncIterator[StreamsPublisher]:
    """A publisher that works while the block runs."""
    gate = lifecycle.gate("redis")
    redis = raw_client(settings)
    try:
        async with watching_disks(settings) as disks:
            publisher = StreamsPublisher(redis, scenario, disks.check)
            opening = run_beside(publisher.run, "streams")
            opening.add_done_callback(lambda task: None if task.cancelled() else gate.open())
            try:
                yield publisher
                await publisher.close()
            finally:
                await end([opening])
    finally:
        await redis.aclose()
