"""Retention by real consumers under load, and what Kafka drops by its own."""

from __future__ import annotations

import asyncio
import contextlib

import httpx
import pytest

from services.consumer import guarded
from services.consumer.guarded import GuardedDocuments
from tests.consumer.rig import Rig
from tests.waiting import until
from tests.wire.test_rebuilding import drop_records
from wire import keys
from wire.disk import Shortage, tell
from wire.documents import DocumentsError
from wire.ranges import Range
from wire.stores import redis_client
from wire.topics import OffsetReader, ensure_topics

EVENTS = 9_000
KEPT = 1_000


async def left(rig: Rig) -> int:
    """Documents that are there, whatever floors say."""
    topic = await rig.offsets.topic(rig.topic)
    ends = await rig.offsets.ends_of(topic)
    counts = [
        rig.documents.count(
            keys.logs_collection(rig.name), Range(keys.partition_id(topic.id, p), -1, end)
        )
        for p, end in ends.items()
    ]
    return sum(await asyncio.gather(*counts))


async def test_consumers_prune_and_the_books_close(bands: Rig) -> None:
    first = await bands.consumer("one", DOCUMENTS_MAX=str(KEPT))
    await bands.consumer("two", DOCUMENTS_MAX=str(KEPT))
    service, url = await bands.reader()
    await until(service.ready, "the reader is ready", timeout=60)
    events = bands.events(EVENTS)
    await bands.produce(events[: EVENTS // 2])
    await bands.settled(EVENTS // 2)
    first.kill()
    await bands.produce(events[EVENTS // 2 :], first=EVENTS // 2)

    assert (await bands.settled(EVENTS)).closed

    async def pruned() -> bool:
        return await left(bands) == KEPT

    await until(pruned, f"{KEPT} documents stay", timeout=60, every=0.3)
    books = await bands.settled(EVENTS)
    assert books.closed
    assert (books.counted, books.stored, books.purged) == (EVENTS, EVENTS, EVENTS - KEPT)
    expected = bands.tallied(events)
    assert await bands.tallies(expected) == expected
    assert await reader_total(url) == KEPT


async def reader_total(url: str) -> int:
    async with httpx.AsyncClient() as client:
        total: int = (await client.get(f"{url}/total")).json()["total"]
    return total


async def test_nothing_is_stored_on_a_disk_that_is_all_but_full(bands: Rig) -> None:
    # a database that no stack writes to
    redis = redis_client(bands.engines.redis.replace("/0", "/7"))
    store = GuardedDocuments(redis, bands.engines.mongo)
    logs = keys.logs_collection(bands.name)
    await tell(redis, "mongo", Shortage("mongo", free=60, reserve=100))
    assert await store.insert(logs, [{"_id": "a#0", "tp": "a", "o": 0}]) == 1
    await tell(redis, "mongo", Shortage("mongo", free=40, reserve=100))

    async def stored(offset: int) -> bool:
        with contextlib.suppress(DocumentsError):
            await store.insert(logs, [{"_id": f"a#{offset}", "tp": "a", "o": offset}])
            return True
        return False

    async def refused() -> bool:
        return not await stored(1)

    await until(refused, "the store is left alone")
    await tell(redis, "mongo", None)
    await until(lambda: stored(2), "documents are stored again")
    await store.close()
    await redis.aclose()


async def test_a_slow_redis_holds_up_no_document(
    bands: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "_EVERY", 0.0)
    redis = redis_client(bands.engines.redis.replace("/0", "/7"))
    store = GuardedDocuments(redis, bands.engines.mongo)
    logs = keys.logs_collection(bands.name)
    await store.insert(logs, [{"_id": "a#0", "tp": "a", "o": 0}])
    await redis.client_pause(3_000)
    answer: asyncio.Future[bool] = asyncio.ensure_future(redis.ping())
    for offset in range(1, 4):
        await store.insert(logs, [{"_id": f"a#{offset}", "tp": "a", "o": offset}])
    assert not answer.done()
    await answer
    await store.close()
    await redis.aclose()


async def test_books_close_after_kafka_has_dropped_what_was_read(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await bands.produce(events)
    assert (await bands.settled(EVENTS)).closed
    await drop_records(bands, before=EVENTS)
    begins = await bands.offsets.beginning_offsets(bands.topic)
    assert begins == await bands.offsets.end_offsets(bands.topic)
    more = bands.events(500, seed=3)
    await bands.produce(more, first=EVENTS)
    books = await bands.settled(EVENTS + 500)
    assert books.closed
    assert books.kafka == books.counted == books.stored == EVENTS + 500


async def test_a_topic_keeps_what_it_was_made_with(bands: Rig) -> None:
    async with OffsetReader(bands.engines.kafka) as reader:
        before = await reader.retention_bytes(bands.topic)
        await ensure_topics(bands.engines.kafka, bands.name, kept=12_345_678)
        assert await reader.retention_bytes(bands.topic) == before
