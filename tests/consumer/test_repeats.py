"""Records that a client sent again: counted and stored once, whatever was restarted meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.consumer.rig import Rig, delete_topics
from tests.waiting import until
from wire import keys
from wire.kafka import client_arguments
from wire.queues.kafka.books import KafkaBooks
from wire.rebuilding import rebuild
from wire.record import headers

EVENTS = 300
PARTITION = 4


async def send(rig: Rig, events: Sequence[dict[str, Any]]) -> None:
    """One record batch to one partition; the id of an event is its place."""
    batch = rig.producer.create_batch()
    for position, event in enumerate(events):
        value = json.dumps(event).encode()
        named = headers(f"given-{position}", "http", once=True)
        batch.append(key=None, value=value, timestamp=None, headers=named)
    await (await rig.producer.send_batch(batch, rig.topic, partition=PARTITION))


async def right(rig: Rig, events: Sequence[dict[str, Any]], repeated: int) -> KafkaBooks:
    """Once everything is handled: these events, and so many records that repeated one."""
    books = await rig.settled(len(events) + repeated)
    assert books.closed
    assert (books.counted, books.stored, books.repeated) == (len(events), len(events), repeated)
    assert books.kafka == books.counted + books.rejected + books.repeated
    expected = rig.tallied(list(events))
    assert await rig.tallies(expected) == expected
    assert len({document["id"] for document in await rig.logs()}) == len(events)
    return books


async def test_what_is_sent_again_counts_once(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    await send(bands, [*events])
    await right(bands, events, 0)
    await send(bands, events)
    await right(bands, events, EVENTS)
    # an id that nobody gave, and one without events before it, are no repetitions
    more = bands.events(EVENTS, seed=2)
    await bands.produce(more)
    await right(bands, [*events, *more], EVENTS)


async def test_a_consumer_that_takes_over_knows_the_ids(bands: Rig) -> None:
    events = bands.events(EVENTS)
    first = await bands.consumer("one")
    await send(bands, events)
    await right(bands, events, 0)
    first.kill()
    await first.process.wait()
    await send(bands, events)
    await bands.consumer("two")
    await right(bands, events, EVENTS)


async def forget(rig: Rig) -> None:
    """Removes all that Redis has of the scenario, as FLUSHALL does."""
    names = [name async for name in rig.redis.scan_iter(match=f"{{{rig.name}}}:*", count=1_000)]
    await rig.redis.delete(*names)


async def test_an_emptied_redis_is_filled_the_same_again(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    for _ in range(2):
        await send(bands, events)
    await right(bands, events, EVENTS)
    await forget(bands)
    await right(bands, events, EVENTS)


async def test_ids_whose_records_are_gone_are_found_in_the_documents(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer()
    for _ in range(2):
        await send(bands, events)
    await right(bands, events, EVENTS)
    admin = AIOKafkaAdminClient(**client_arguments(bands.engines.kafka))
    await admin.start()
    gone = {TopicPartition(bands.topic, PARTITION): RecordsToDelete(EVENTS)}
    await admin.delete_records(gone)
    await admin.close()
    await forget(bands)
    seen = await bands.settled(2 * EVENTS)
    assert (seen.lost, seen.doubled, seen.repeated) == (EVENTS, 0, EVENTS)
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await right(bands, events, EVENTS)
    await send(bands, events)
    await right(bands, events, 2 * EVENTS)


async def test_a_rebuild_keeps_the_ids(bands: Rig) -> None:
    events = bands.events(EVENTS)
    service = await bands.consumer("one")
    for _ in range(2):
        await send(bands, events)
    await right(bands, events, EVENTS)
    assert await service.stop() == 0
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await right(bands, events, EVENTS)
    await bands.consumer("two")
    await send(bands, events)
    await right(bands, events, 2 * EVENTS)


async def test_a_rebuild_finds_the_repetitions_of_a_topic_that_is_gone(bands: Rig) -> None:
    events = bands.events(EVENTS)
    service = await bands.consumer()
    for _ in range(2):
        await send(bands, events)
    await right(bands, events, EVENTS)
    assert await service.stop() == 0
    await delete_topics(bands, [bands.topic])
    await forget(bands)
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    await right(bands, events, EVENTS)


async def test_what_is_remembered_is_bounded(bands: Rig) -> None:
    events = bands.events(EVENTS)
    await bands.consumer(DEDUP_MAX="100")
    await send(bands, events)
    await right(bands, events, 0)
    tp = keys.partition_id((await bands.offsets.topic(bands.topic)).id, PARTITION)
    key = keys.once_key(bands.name, tp)
    assert await bands.redis.hlen(key) == 100
    assert await bands.redis.ttl(key) > 0
    # the newest are remembered: of all that come again, as many as are remembered are new each time
    await send(bands, events[:200])
    books = await bands.settled(EVENTS + 200)
    assert (books.closed, books.counted, books.repeated) == (True, EVENTS + 200, 0)


async def test_a_refused_record_that_is_sent_again_is_kept_once(bands: Rig) -> None:
    await bands.consumer()
    topic = keys.rejected_topic(bands.name)
    named = headers("given-1", "http", once=True)
    for _ in range(3):
        await bands.producer.send_and_wait(topic, b"{}", partition=1, headers=named)
    topic_id = (await bands.offsets.topic(topic)).id
    field = keys.committed_field(keys.consumer_group(bands.name), topic, topic_id, 1)

    async def handled() -> bool:
        return await bands.redis.hget(keys.committed_key(bands.name), field) == "2"

    await until(handled, "three refused records handled")
    assert (await bands.books()).rejected == 1
