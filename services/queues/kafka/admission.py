"""Stops acceptance before the stores break, and opens again by itself.

It shuts when a store's disk is nearly full, as somebody who can see it says in Redis and as
Kafka says of its own; and when so much waits for the consumers that Kafka's retention would soon
drop what nobody has read. Where nothing can be heard it stays as it is for a while, then opens:
an engine that is away refuses for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka.errors import KafkaError
from redis.asyncio import Redis

from services.queues.admission import DISK_EVERY, UNUSED_DISK_EVERY, Source
from services.shared.beside import run_beside
from services.shared.settings import Settings
from wire import disk, problems
from wire.backlog import read_backlog
from wire.ending import end
from wire.stores import redis_client
from wire.topics import OffsetReader

SHUT_SHARE, OPEN_SHARE = 0.5, 0.45
"""Shares of what Kafka keeps that may wait: shut above the one, open again below the other."""
_QUEUE_EVERY = 2.0
_UNUSED_QUEUE_EVERY = 15.0
"""Seconds between two looks at what waits in Kafka while no request comes in. A look is six
questions or so. The first request ends the pause."""


class AdmissionControl:
    """Whether events are taken now."""

    def __init__(
        self, scenario: str, redis: Redis | None, offsets: OffsetReader, reserve: int
    ) -> None:
        self._scenario = scenario
        self._redis = redis
        self._offsets = offsets
        self._guard = disk.DiskGuard("kafka", reserve)
        self._disk = Source(problems.DISK_FULL, self._told)
        self._queue = Source(problems.BACKLOG_FULL, self._waiting, (KafkaError,))
        self._kafka = ""

    def check(self) -> None:
        """Raises Unavailable while it is shut."""
        for source in (self._disk, self._queue):
            source.check()

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.gather(
            self._disk.follow(DISK_EVERY, UNUSED_DISK_EVERY),
            self._queue.follow(_QUEUE_EVERY, _UNUSED_QUEUE_EVERY),
        )

    async def _told(self) -> str:
        # where the stores are in another cluster their disks are the bridge's to wait for
        found = await disk.shortages(self._redis) if self._redis is not None else []
        return found[0].text if found else self._kafka

    async def _waiting(self) -> str:
        backlog = await read_backlog(self._offsets, self._scenario)
        fullest = min(backlog.disks, key=lambda each: each[1] / each[0], default=None)
        shortage = self._guard.look(*fullest) if fullest else None
        self._kafka = shortage.text if shortage else ""
        bound = OPEN_SHARE if self._queue.reason else SHUT_SHARE
        if backlog.share < bound:
            return ""
        return f"{backlog.records} events wait for the stores, {bound:.0%} of what Kafka keeps"


@contextlib.asynccontextmanager
async def watching(settings: Settings, scenario: str) -> AsyncIterator[AdmissionControl]:
    """A admission control that looks while the block runs."""
    redis = None
    if settings.redis_url:
        redis = redis_client(
            settings.redis_url, settings.redis_password, settings.redis_username, timeout=2.0
        )
    offsets = OffsetReader(settings.kafka, timeout=3.0)
    admission = AdmissionControl(scenario, redis, offsets, settings.disk_reserve)
    task = run_beside(admission.run, "look at what waits")
    try:
        yield admission
    finally:
        await end([task])
        await offsets.close()
        if redis is not None:
            await redis.aclose()
