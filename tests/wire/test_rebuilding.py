"""Counters and committed offsets made anew from the documents, on real stores and a real
consumer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.consumer.rig import Rig, delete_topics
from tests.waiting import until
from wire import keys
from wire.documents import Documents
from wire.kafka import client_arguments
from wire.purging import purge
from wire.rebuilding import PurgedError, rebuild
from wire.topics import ensure_topics

EVENTS = 6_000
MORE = 3_000


async def forget(rig: Rig) -> None:
    """Removes all that Redis has of the scenario, as FLUSHALL does."""
    names = [name async for name in rig.redis.scan_iter(match=f"{{{rig.name}}}:*", count=1_000)]
    await rig.redis.delete(*names)


async def drop_records(rig: Rig, before: int) -> None:
    """Removes the oldest records of every partition from Kafka, as retention does."""
    admin = AIOKafkaAdminClient(**client_arguments(rig.engines.kafka))
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


class Racing(Documents):
    """A document store that gets documents between two questions of a rebuild: after the ends of
    the topic were asked for, and before the last documents are."""

    def __init__(self, rig: Rig, meanwhile: list[dict[str, Any]], first: int) -> None:
        super().__init__(rig.engines.mongo)
        self._rig = rig
        self._meanwhile = meanwhile
        self._first = first
        self.raced = False

    async def last_offsets(self, collection: str) -> dict[str, int]:
        """What arrives meanwhile has holes, as chunks that are written side by side leave them."""
        if not self.raced:
            self.raced = True
            topic = await self._rig.offsets.topic(self._rig.topic)
            after = (await self._rig.offsets.ends_of(topic))[0]
            await self._rig.produce(self._meanwhile, first=self._first, partitions=1)
            tp = keys.partition_id(topic.id, 0)
            documents = [
                {
                    "_id": keys.document_id(tp, after + n),
                    "tp": tp,
                    "o": after + n,
                    "id": f"e{self._first + n}",
                    "origin": "http",
                    "at": 1,
                    "stored": 1,
                    "event": event,
                }
                for n, event in enumerate(self._meanwhile)
                if n % 100 >= 10
            ]
            await self.insert(keys.logs_collection(self._rig.name), documents)
        return await super().last_offsets(collection)


async def test_documents_that_come_between_two_questions_of_a_rebuild_are_counted(
    bands: Rig,
) -> None:
    earlier, events = bands.events(MORE, seed=3), bands.events(MORE, seed=4)
    consumer = await bands.consumer()
    await bands.produce(earlier)
    # the last record of this life is no event, so its documents end before it does
    await bands.send(b"no event", partition=0)
    await bands.settled(MORE + 1)
    await delete_topics(bands, [bands.topic])
    await ensure_topics(bands.engines.kafka, bands.name)
    await bands.producer.client.force_metadata_update()
    await bands.produce(events, first=MORE)
    await bands.settled(2 * MORE + 1)
    assert await consumer.stop() == 0

    meanwhile = bands.events(1_000, seed=5)
    racing = Racing(bands, meanwhile, first=2 * MORE)
    await rebuild(bands.scenario, bands.redis, racing, bands.offsets)
    await racing.close()
    assert racing.raced
    await bands.consumer("next")
    books = await bands.settled(2 * MORE + 1_001)
    assert (books.lost, books.doubled, books.rejected) == (0, 0, 1)
    expected = bands.tallied([*earlier, *events, *meanwhile])
    assert await bands.tallies(expected) == expected


async def test_a_missing_document_is_read_from_kafka_again(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await bands.produce(events)
    await right(bands, events)
    victim = (await bands.logs())[0]
    collection = bands.documents._collection(keys.logs_collection(bands.name))
    await collection.delete_one({"_id": victim["_id"]})
    assert (await bands.books()).lost == 1
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
