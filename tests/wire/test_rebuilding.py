"""Counters and fences made anew from the documents, on real stores and a real consumer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.consumer.rig import Rig
from tests.waiting import until
from wire import keys
from wire.bookkeeping import Auditor
from wire.purging import purge
from wire.rebuilding import PurgedError, rebuild

EVENTS = 6_000
MORE = 3_000


async def forget(rig: Rig) -> None:
    """Removes all that Redis has of the scenario, as FLUSHALL does."""
    names = [name async for name in rig.redis.scan_iter(match=f"{{{rig.name}}}:*", count=1_000)]
    await rig.redis.delete(*names)


async def drop_records(rig: Rig, before: int) -> None:
    """Removes the oldest records of every partition from Kafka, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.engines.kafka)
    await admin.start()
    ends = await rig.offsets.end_offsets(rig.topic)
    await admin.delete_records(
        {TopicPartition(rig.topic, p): RecordsToDelete(min(before, end)) for p, end in ends.items()}
    )
    await admin.close()


async def right(rig: Rig, events: list[dict[str, Any]]) -> None:
    """Counters and books are those of exactly these events."""
    books = await rig.settled(len(events))
    assert (books.counted, books.stored, books.lost, books.doubled) == (
        len(events),
        len(events),
        0,
        0,
    )
    expected = rig.tallied(events)
    assert await rig.tallies(expected) == expected


async def test_an_idle_consumer_sees_that_redis_was_emptied(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await bands.produce(events)
    await right(bands, events)
    await forget(bands)
    await right(bands, events)


async def test_what_kafka_has_no_more_is_seen_as_lost_and_rebuilt(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer("one")
    await bands.consumer("two")
    await bands.produce(events)
    await right(bands, events)
    await drop_records(bands, before=400)
    await forget(bands)
    seen = await bands.settled(EVENTS, patience=60)
    assert seen.lost == keys.PARTITIONS * 400

    more = bands.events(MORE, seed=2)
    sending = asyncio.create_task(bands.produce(more, first=EVENTS))
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await sending
    await right(bands, [*events, *more])


async def test_a_rebuild_under_load_counts_everything_once(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer("one")
    await bands.consumer("two")
    sending = asyncio.create_task(bands.produce(events))
    stored = keys.logs_collection(bands.name)
    await until(lambda: bands.documents.last_offsets(stored), "documents", every=0.05)
    for _ in range(5):
        await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await sending
    await right(bands, events)


async def test_a_missing_document_is_read_from_kafka_again(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await bands.produce(events)
    await right(bands, events)
    victim = (await bands.logs())[0]
    collection = bands.documents._collection(keys.logs_collection(bands.name))
    await collection.delete_one({"_id": victim["_id"]})
    audit = Auditor(bands.name, bands.redis, bands.offsets, bands.documents)
    assert (await audit.audit()).lost == 1
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await right(bands, events)


async def test_purged_documents_are_not_taken_for_lost_ones(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await bands.produce(events)
    await right(bands, events)
    await purge(bands.name, bands.redis, bands.documents)
    with pytest.raises(PurgedError):
        await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    expected = bands.tallied(events)
    assert await bands.tallies(expected) == expected
