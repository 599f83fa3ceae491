"""What queues made of Redis have in common."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.queues.admission import watching_disks
from services.queues.gathering import Gathering, GatheringPublisher, Room
from services.queues.port import Unavailable
from services.shared.beside import run_beside
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire.ending import end

T = TypeVar("T")

_PAUSE, _LONGEST = 0.05, 1.0


def raw_client(settings: Settings, timeout: float = 5.0) -> Redis:
    """A client for what is bytes: it answers with bytes, and sends nothing again by itself."""
    return Redis.from_url(
        settings.redis_url,
        username=settings.redis_username or None,
        password=settings.redis_password or None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


async def insist(question: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The answer of Redis, which is asked again and again for so long. Raises Unavailable."""
    until, pause = time.monotonic() + seconds, _PAUSE
    while True:
        try:
            return await question()
        except (RedisError, OSError) as error:
            if time.monotonic() + pause > until:
                reason = f"Redis does not take it: {type(error).__name__}"
                raise Unavailable(reason) from error
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST)


@contextlib.asynccontextmanager
async def publishing_by(
    settings: Settings, lifecycle: Lifecycle, made: Callable[[Redis, Room], dict[str, Gathering]]
) -> AsyncIterator[GatheringPublisher]:
    """A publisher of the gatherings that are made, one for each topic. Readiness begins with the
    first answer of Redis."""
    gate = lifecycle.gate("redis")
    redis = raw_client(settings)
    try:
        async with watching_disks(settings) as disks:
            publisher = GatheringPublisher(made(redis, Room()), disks.check)

            async def opened() -> None:
                await redis.ping()
                publisher.connected.set()
                gate.open()

            opening = run_beside(opened, "the look for Redis")
            try:
                yield publisher
                await publisher.close()
            finally:
                await end([opening])
    finally:
        await redis.aclose()
