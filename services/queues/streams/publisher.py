"""Publishes to the streams: one entry for all requests that wait."""

from __future__ import annotations

import time
import uuid
from contextlib import AbstractAsyncContextManager

from redis.asyncio import Redis

from services.queues.admission import RETRY_AFTER
from services.queues.gathering import Gathering, GatheringPublisher, Room
from services.queues.packed import Message, pack
from services.queues.port import DEADLINE, Entry, Unavailable
from services.queues.redis import insist, publishing_by
from services.queues.streams.generations import Topic
from services.shared.busy import waits_for
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire import keys, problems

MOST_BYTES = 16 << 20
"""Bytes that may wait in one partition."""


class Sender:
    """Adds groups to the partitions of a topic. Each is sent again until it is there or its
    deadline has passed, and is there once, however often it was sent."""

    def __init__(self, topic: Topic, deadline: float = DEADLINE, most: int = MOST_BYTES) -> None:
        self._topic = topic
        self._deadline = deadline
        self._most = most
        self._name = uuid.uuid4().hex
        self._number = 0
        self._busy = waits_for("redis")

    async def send(self, place: int, entries: list[Entry]) -> None:
        """Returns when they are in their stream. Raises Unavailable."""
        data = pack(Message(time.time_ns() // 1_000_000, entries))
        self._number += 1
        told = (place, self._name, self._number, len(entries), data, self._most)
        with self._busy.waiting():
            waiting = await insist(lambda: self._topic.publish(*told), self._deadline)
        if waiting:
            reason = f"{waiting >> 20} MiB wait for the stores in a partition"
            raise Unavailable(reason, RETRY_AFTER, problems.BACKLOG_FULL)


def gatherings(scenario: str, redis: Redis, room: Room) -> dict[str, Gathering]:
    """One for each topic of a scenario, with a place for each partition."""
    found: dict[str, Gathering] = {}
    for name in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
        topic = Topic(scenario, name, redis)
        found[name] = Gathering(Sender(topic).send, topic.partitions, room)
    return found


def publishing(
    settings: Settings, scenario: str, lifecycle: Lifecycle
) -> AbstractAsyncContextManager[GatheringPublisher]:
    """A publisher that works while the block runs."""
    return publishing_by(settings, lifecycle, lambda redis, room: gatherings(scenario, redis, room))
