"""Publishes to whoever is subscribed: one message for all requests that wait."""

from __future__ import annotations

import time
import uuid
from contextlib import AbstractAsyncContextManager
from importlib.resources import files

from redis.asyncio import Redis

from services.queues.gathering import Gathering, GatheringPublisher, Room
from services.queues.packed import Message, pack
from services.queues.port import DEADLINE, Entry
from services.queues.redis import insist, publishing_by
from services.shared.busy import waits_for
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire import keys
from wire.queues.pubsub import names

_PUBLISH = files("services.queues.pubsub").joinpath("publish.lua").read_text()


class Log:
    """What one life of a producer has published on a topic."""

    def __init__(self, scenario: str, topic: str, redis: Redis, deadline: float) -> None:
        self._keys = [names.numbers_key(scenario, topic), names.channel_of(scenario, topic)]
        self._publish = redis.register_script(_PUBLISH)
        self._deadline = deadline
        self._busy = waits_for("redis")
        self._begin()

    def _begin(self) -> None:
        self._name = uuid.uuid4().hex
        self._next = 0

    async def publish(self, _: int, entries: list[Entry]) -> None:
        """Returns when they are published. Raises Unavailable."""
        data = pack(Message(time.time_ns() // 1_000_000, entries))
        try:
            with self._busy.waiting():
                while not await insist(lambda: self._told(len(entries), data), self._deadline):
                    # Redis has forgotten this log, and what the subscribers have counted of it
                    self._begin()
        except BaseException:
            # nobody knows whether these numbers were published, so they are given to nothing else
            self._begin()
            raise
        self._next += len(entries)

    async def _told(self, records: int, data: bytes) -> int:
        return int(await self._publish(self._keys, [self._name, self._next, records, data]))


def publishing(
    settings: Settings, scenario: str, lifecycle: Lifecycle
) -> AbstractAsyncContextManager[GatheringPublisher]:
    """A publisher that works while the block runs."""

    def made(redis: Redis, room: Room) -> dict[str, Gathering]:
        topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        logs = {topic: Log(scenario, topic, redis, DEADLINE) for topic in topics}
        return {topic: Gathering(log.publish, 1, room) for topic, log in logs.items()}

    return publishing_by(settings, lifecycle, made)
