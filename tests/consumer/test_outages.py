"""A store that goes away: the consumer waits, says so, and loses nothing."""

from __future__ import annotations

import signal
from typing import Any

import psutil
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from services.queues.kafka.loop import BATCH
from tests.consumer.proxies import Link, link
from tests.consumer.rig import Rig, Service
from tests.waiting import until
from wire import keys

EVENTS = 6_000
LOOKS = 4
"""Equal counts, a second apart, after which nothing more comes."""


async def unready(service: Service, store: str) -> bool:
    """Whether it says that this store is away."""
    answer = await service.get("/readyz")
    return answer is not None and answer.status_code == 503 and store in answer.text


async def alive(service: Service) -> bool:
    """Whether the liveness probe leaves it alone."""
    answer = await service.get("/livez")
    return answer is not None and answer.status_code == 200


async def through(rig: Rig, store: str, where: Link) -> Service:
    """A consumer that reaches one store over a link."""
    service = await rig.consumer(**{f"{store.upper()}_URL": where.url})
    await until(service.ready, "a consumer that is ready")
    return service


@pytest.mark.parametrize("store", ["redis", "mongo"])
async def test_a_store_that_is_cut_off_and_comes_back(bands: Rig, store: str) -> None:
    events = bands.events(EVENTS)
    async with link(bands.engines.toxiproxy, getattr(bands.engines, store)) as where:
        service = await through(bands, store, where)
        await bands.produce(events[: EVENTS // 2])
        await where.cut()
        await bands.produce(events[EVENTS // 2 :], first=EVENTS // 2)
        await until(lambda: unready(service, store), f"a consumer without {store}")
        assert await alive(service)
        used = psutil.Process(service.process.pid).cpu_percent(interval=1.0)
        assert used < 50, "waiting for a store is no work"
        await where.mend()
        books = await bands.settled(EVENTS)
        await until(service.ready, "a consumer that is ready again")
        assert service.process.returncode is None
        assert await service.stop() == 0
    assert books.closed
    assert books.stored == EVENTS
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)


async def test_while_nothing_can_be_counted_documents_run_ahead_by_two_batches_at_most(
    bands: Rig,
) -> None:
    many = 10 * BATCH
    events, logs = bands.events(many), keys.logs_collection(bands.name)
    async with link(bands.engines.toxiproxy, bands.engines.redis) as where:
        service = await through(bands, "redis", where)
        service.process.send_signal(signal.SIGSTOP)
        await bands.produce(events)
        service.process.send_signal(signal.SIGCONT)
        await until(lambda: counted(bands), "the first are counted", every=0.01)
        await where.cut()
        await until(lambda: unready(service, "redis"), "a consumer without redis")
        seen: list[int] = []

        async def resting() -> int:
            """Documents, once some are ahead and no more came for some looks: a store that is
            busy may take its time for the next."""
            seen.append(await count(bands, logs))
            rests = len(seen) >= LOOKS and len({*seen[-LOOKS:]}) == 1
            return seen[-1] if rests and seen[-1] > await counted(bands) else 0

        found = await until(resting, "no more documents come", 60, every=1.0)
        assert found < many, "cut in the middle"
        assert found - await counted(bands) <= 2 * BATCH
        await where.mend()
        books = await bands.settled(many)
    assert books.closed
    assert books.stored == many
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)


async def counted(rig: Rig) -> int:
    """Events that Redis has counted."""
    return int(await rig.redis.hget(keys.books_key(rig.name), "counted") or 0)


async def count(rig: Rig, collection: str) -> int:
    """Documents, counted by a client of its own."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(rig.engines.mongo)
    try:
        return await client[keys.DATABASE][collection].count_documents({})
    finally:
        client.close()


async def test_an_answer_that_gets_lost_is_not_counted_twice(bands: Rig) -> None:
    events = bands.events(EVENTS)
    async with link(bands.engines.toxiproxy, bands.engines.redis) as where:
        service = await through(bands, "redis", where)
        await bands.produce(events[: EVENTS // 2])
        await where.black_hole()
        await bands.produce(events[EVENTS // 2 :], first=EVENTS // 2)
        await until(lambda: unready(service, "redis"), "a consumer that hears nothing")
        await where.fill_hole()
        books = await bands.settled(EVENTS)
    assert books.closed
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)


async def test_stores_that_are_away_at_the_start_are_waited_for(bands: Rig) -> None:
    async with link(bands.engines.toxiproxy, bands.engines.mongo) as where:
        await where.cut()
        service = await bands.consumer(MONGO_URL=where.url)
        await until(lambda: unready(service, "mongo"), "a consumer that waits for mongo")
        await bands.produce(bands.events(500))
        await where.mend()
        assert (await bands.settled(500)).closed


async def test_it_stops_at_once_while_a_store_is_away(bands: Rig) -> None:
    async with link(bands.engines.toxiproxy, bands.engines.redis) as where:
        service = await through(bands, "redis", where)
        await where.cut()
        await bands.produce(bands.events(500))
        await until(lambda: unready(service, "redis"), "a consumer without redis")
        assert await service.stop() == 0
    await bands.consumer("consumer-1")
    books = await bands.settled(500)
    assert books.closed
    assert books.counted == 500
