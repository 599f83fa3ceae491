"""Work that one consumer does: who has it, and that asking for it costs little."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from services.consumer.lease import Lease
from tests.redis_server import redis_server

pytestmark = pytest.mark.engines
SECONDS = 15


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Redis]:
    """One that nobody else asks."""
    async with redis_server(tmp_path) as (client, _):
        yield client


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def commands(redis: Redis) -> int:
    """So many were carried out so far, this question among them."""
    return int((await redis.info("stats"))["total_commands_processed"])


async def test_one_has_it_until_its_seconds_are_over(redis: Redis) -> None:
    key, clock = "test:lease:over", Clock()
    first, second = (Lease(redis, key, name, SECONDS, clock) for name in ("first", "second"))
    assert await first.held()
    assert not await second.held()
    await redis.delete(key)  # as Redis does when they are over
    clock.now = SECONDS
    assert await second.held()
    assert second.fresh
    assert not await first.held()


async def test_it_is_kept_for_as_long_as_it_is_asked_for(redis: Redis) -> None:
    key, clock = "test:lease:kept", Clock()
    lease = Lease(redis, key, "first", SECONDS, clock)
    assert await lease.held()
    lease.fresh = False
    await redis.expire(key, 1)
    clock.now = SECONDS / 2
    assert await lease.held()
    assert not lease.fresh
    assert await redis.ttl(key) > 1


async def test_redis_is_not_asked_each_time(redis: Redis) -> None:
    key, clock = "test:lease:cheap", Clock()
    lease, other = (Lease(redis, key, name, SECONDS, clock) for name in ("first", "other"))
    assert (await lease.held(), await other.held()) == (True, False)
    before = await commands(redis)
    for _ in range(100):
        assert (await lease.held(), await other.held()) == (True, False)
    assert await commands(redis) < before + 100
