"""A store that goes away: the consumer waits, says so, and loses nothing."""

from __future__ import annotations

import psutil
import pytest

from tests.consumer.proxies import Link, link
from tests.consumer.rig import Rig, Service
from tests.waiting import until

EVENTS = 6_000


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
