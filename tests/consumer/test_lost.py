"""What was counted as lost is looked at by few, and where there may be something to remove."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from scenarios.loading import load
from services.consumer import lost
from services.consumer.lost import Lost
from services.consumer.stores import storing
from services.shared.lifecycle import Liveness, ReadinessGate
from services.shared.settings import Settings
from tests.conftest import Engines
from tests.waiting import until
from wire import keys
from wire.documents import Documents
from wire.ending import end
from wire.ranges import Range
from wire.stores import redis_client

PLACES, CONSUMERS = 20, 3
ALL = 2 * PLACES
"""Questions to look at all places, in both collections."""


class Asked(Documents):
    """Documents that know what was asked of them."""

    def __init__(self, url: str) -> None:
        super().__init__(url, timeout=30)
        self.ranges: list[Range] = []

    async def clear(self, collection: str, wanted: Range) -> int:
        self.ranges.append(wanted)
        return await super().clear(collection, wanted)


@pytest.fixture
async def redis(engines: Engines) -> AsyncIterator[Redis]:
    client = redis_client(engines.redis, timeout=30)
    yield client
    await client.aclose()


@pytest.fixture
async def name(redis: Redis) -> AsyncIterator[str]:
    """A scenario of which places were lost."""
    made = "lost-places"
    for place in range(PLACES):
        noted = f"{10 * place + 4} 9999999999999"
        await redis.hset(keys.lost_key(made), f"p:0 {10 * place - 1}", noted)
    yield made
    await redis.delete(keys.lost_key(made), keys.losing_key(made))


@asynccontextmanager
async def looking(
    name: str, redis: Redis, url: str, holder: str
) -> AsyncIterator[tuple[Lost, Asked]]:
    """One that looks, after its first look at all of them."""
    documents = Asked(url)
    one = Lost(name, redis, documents, holder)
    running = asyncio.create_task(one.run())
    try:
        await until(lambda: seen(documents, ALL), "it has looked at all at its start", 60)
        yield one, documents
    finally:
        await end((running,))
        await documents.close()


async def seen(documents: Asked, questions: int) -> bool:
    return len(documents.ranges) >= questions


async def test_one_of_all_consumers_looks_at_all_again(
    name: str, redis: Redis, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "_EVERY", 0.05)
    async with AsyncExitStack() as stack:
        ones = [
            await stack.enter_async_context(looking(name, redis, engines.mongo, f"c-{n}"))
            for n in range(CONSUMERS)
        ]
        holder = await redis.get(keys.losing_key(name))
        (held,) = [asked for n, (_, asked) in enumerate(ones) if holder == f"c-{n}"]
        await until(lambda: seen(held, 4 * ALL), "the holder goes on", 60)
        others = [len(asked.ranges) for _, asked in ones if asked is not held]
        assert others == [ALL] * (CONSUMERS - 1)


async def test_a_loss_asks_for_its_own_place(name: str, redis: Redis, engines: Engines) -> None:
    async with looking(name, redis, engines.mongo, "c") as (one, asked):
        one.look(Range("p:0", 29, 34))
        one.look(Range("p:1", 29, 34))
        await until(lambda: seen(asked, ALL + 2), "it looks again", 60)
        one.look(Range("p:0", 40, 61))
        await until(lambda: seen(asked, ALL + 6), "it looks again", 60)
    assert asked.ranges[ALL : ALL + 2] == [Range("p:0", 29, 34)] * 2
    assert {each.after for each in asked.ranges[ALL + 2 :]} == {39, 49, 59}
    assert len(asked.ranges) == ALL + 8


@pytest.mark.parametrize(
    ("queue", "looks"), [("kafka", False), ("streams", False), ("pubsub", True)]
)
async def test_a_queue_that_loses_nothing_is_not_looked_at(
    queue: str, looks: bool, engines: Engines, make_scenario: Callable[[str], Path]
) -> None:
    file = make_scenario("bands")
    file.write_text(f'queue = "{queue}"\n{file.read_text()}')
    said = {"SCENARIO": str(file), "POD_NAME": "one", "POD_IP": "127.0.0.1"}
    said |= {"REDIS_URL": engines.redis, "MONGO_URL": engines.mongo}
    settings, pulse = Settings.from_env(environ=said), Liveness("loop", 600.0)
    async with storing(settings, load(file), ReadinessGate, pulse) as stores:
        assert (stores.lost is not None) == looks
