"""Whatever lies on a topic: it is counted, or kept as rejected, and what follows it is read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from controlroom.torture.compare import Found
from controlroom.torture.numbers import Ids
from controlroom.torture.stores import TortureStores
from tests.consumer.raw import CODECS, HEADER, altering, batch, checked, produce
from tests.consumer.rig import Rig, Service
from tests.waiting import until
from wire import keys
from wire.batches import MAX_HEADERS
from wire.kafka import client_arguments
from wire.ranges import Range
from wire.rebuilding import rebuild

VOTE = {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 4}


def votes(count: int, **more: Any) -> list[bytes]:
    """Values of good events."""
    return [json.dumps({**VOTE, "rank": n % 5 + 1, **more}).encode() for n in range(count)]


async def rejected(rig: Rig, partition: int = 0) -> list[dict[str, Any]]:
    """What is kept of one partition of the events topic."""
    topic_id = (await rig.offsets.topic(rig.topic)).id
    everything = Range(keys.partition_id(topic_id, partition), -1, 9_999)
    return await rig.documents.find(keys.rejected_collection(rig.name), everything)


async def always_ready(service: Service) -> list[int]:
    """Asks until it is cancelled; the answers of the readiness probe other than 200."""
    wrong: list[int] = []
    try:
        while True:
            answer = await service.get("/readyz")
            if answer is None or answer.status_code != 200:
                wrong.append(0 if answer is None else answer.status_code)
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return wrong


async def test_every_codec_is_read(bands: Rig) -> None:
    service = await bands.consumer()
    await until(service.ready, "a consumer that is ready")
    watch = asyncio.create_task(always_ready(service))
    pad = "a" * 200
    packed = [batch(votes(20, pad=pad), codec) for codec in CODECS]
    await produce(bands.engines.kafka, bands.topic, packed)
    await bands.produce(bands.events(40), partitions=2)
    books = await bands.settled(140)
    watch.cancel()
    assert await watch == []
    assert (books.kafka, books.counted, books.stored, books.rejected) == (140, 140, 140, 0)
    assert books.closed


async def test_what_was_aborted_is_not_counted(bands: Rig) -> None:
    await bands.consumer()
    (good,), (bad,) = votes(1), votes(1, album="aborted")
    async with transactional(bands) as producer:
        async with producer.transaction():
            await producer.send_and_wait(bands.topic, good, partition=0)
        await producer.begin_transaction()
        for _ in range(3):
            await producer.send_and_wait(bands.topic, bad, partition=0)
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send_and_wait(bands.topic, good, partition=0)
    ends = await bands.offsets.end_offsets(bands.topic)
    assert ends[0] == 2 + 3 + 3, "two records, three that were aborted, three marks"

    async def closed() -> bool:
        books = await bands.books()
        return books.counted == 2 and books.closed

    await until(closed, "the books close over what was aborted")
    books = await bands.books()
    assert (books.kafka, books.counted, books.stored, books.rejected) == (2, 2, 2, 0)
    assert [each["event"]["album"] for each in await bands.logs()] == ["El Silencio"] * 2
    judged = await tortured(bands, bands.engines.kafka)
    assert (judged.events, judged.stored) == (2, 2)
    assert judged.tallies == judged.expected


async def test_a_transaction_that_stays_open_is_said_and_holds_up_its_partition_only(
    bands: Rig,
) -> None:
    service = await bands.consumer()
    (vote,) = votes(1)
    async with transactional(bands) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(bands.topic, vote, partition=0)
        await bands.send(vote, partition=0)  # of somebody else, behind it
        await bands.send(vote, partition=1)

        async def counted() -> bool:
            books = await bands.books()
            return books.counted == 1

        await until(counted, "another partition goes on")
        books = await bands.books()
        assert (books.kafka, books.in_flight, books.held, books.lost) == (3, 2, 2, 0)
        assert not books.closed
        assert books.to_json()["held"] == 2
        assert await service.ready()

        async def told() -> bool:
            return await service.metric("controlroom_held_records") == 2

        await until(told, "the consumer says what it may not read yet")
        await producer.commit_transaction()
    books = await bands.settled(3)

    async def closed() -> bool:
        return (await bands.books()).closed

    await until(closed, "the books close once the transaction has ended")
    books = await bands.books()
    assert (books.kafka, books.counted, books.held) == (3, 3, 0)


def damages() -> dict[str, tuple[bytes, bytes]]:
    """What is wrong -> the batch as it is sent, and as it is received."""
    sent = {codec: batch(votes(3, tag=codec), codec) for codec in CODECS}
    made: dict[str, tuple[bytes, bytes]] = {}

    def spoilt(name: str, at: int, form: str, value: int, codec: str = "none") -> None:
        whole = batch(votes(3, tag=name), codec)
        changed = bytearray(whole)
        struct.pack_into(form, changed, at, value)
        made[name] = (whole, checked(changed))

    for codec in CODECS:
        broken = bytearray(sent[codec])
        broken[-1] ^= 0x55
        made[f"wrong checksum, {codec}"] = (sent[codec], bytes(broken))
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        spoilt(f"cannot be unpacked, {codec}", HEADER, ">Q", 0xDEADBEEFDEADBEEF, codec)
    spoilt("unknown codec", 21, ">h", 5)
    spoilt("more records than it has", 57, ">i", 4)
    spoilt("a negative number of records", 57, ">i", -1)
    spoilt("ends before it begins", 23, ">i", -5)
    spoilt("ends behind the log", 23, ">i", 1 << 30)
    spoilt("an unknown format", 16, ">b", 3)
    spoilt("the format before 0.11", 16, ">b", 1)
    spoilt("the format before 0.10", 16, ">b", 0)
    spoilt("a mark of no transaction", 21, ">h", 0x20)
    return made


async def test_batches_that_cannot_be_read_are_kept_and_passed_over(bands: Rig) -> None:
    async with altering(bands.engines.kafka) as link:
        service = await bands.consumer(KAFKA_BOOTSTRAP=link.address)
        await until(service.ready, "a consumer that is ready")
        watch = asyncio.create_task(always_ready(service))
        positions: dict[str, int] = {}
        batches: list[bytes] = []
        for name, (sent, received) in damages().items():
            link.spoil(sent, received)
            positions[name] = 4 * len(batches) // 2
            batches += [sent, batch(votes(1))]
        await produce(bands.engines.kafka, bands.topic, batches)
        good = len(batches) // 2
        books = await bands.settled(4 * good)
        watch.cancel()
        assert await watch == []
        judged = await tortured(bands, link.address)
    assert (judged.events, judged.stored) == (good, good)
    assert judged.tallies == judged.expected
    assert (books.kafka, books.counted, books.stored) == (4 * good, good, good)
    assert books.rejected == 3 * good
    assert books.closed
    kept = {each["first"]: each for each in await rejected(bands)}
    for name, first in positions.items():
        found = kept.pop(first)
        assert found["o"] == first + 2, name
        assert found["reason"][0]["message"].startswith("cannot be read: the batch "), name
        assert found["value"], name
    assert not kept
    await rebuild(bands.scenario, bands.redis, bands.documents, bands.offsets)
    rebuilt = await bands.books()
    assert (rebuilt.counted, rebuilt.rejected, rebuilt.closed) == (good, 3 * good, True)


def odd() -> Sequence[bytes]:
    """Batches that are well formed and that hardly anybody would send: 7 good events."""
    (vote,) = votes(1)
    renamed = batch([vote], headers=[("id", b"1"), ("naem", b"x")]).replace(b"naem", b"\xff\xfeem")
    return [
        batch([vote], at=-1),
        batch([vote], key=b"k" * 100_000),
        batch([vote], headers=[("id", b"i" * 300_000), ("once", b"1"), ("origin", b"o" * 9_999)]),
        batch([vote], headers=[("id", None), ("once", None), ("", b"")]),
        batch([vote], headers=[(str(n), b"x") for n in range(MAX_HEADERS)]),
        batch([None, b"", vote]),  # and two that are no events
        batch([vote, vote], headers=[(str(n), b"x") for n in range(MAX_HEADERS + 1)]),  # nor these
        checked(renamed),  # nor this
        batch([b"a" * 900_000]),  # nor this
        batch([b"0" * (40 << 20)], "gzip"),  # nor this, which is too much once it is unpacked
        batch([vote]),
    ]


async def test_odd_records_are_counted_or_kept_one_by_one(bands: Rig) -> None:
    service = await bands.consumer()
    mixed = batch([votes(1)[0], b"x" * 50, *votes(2)], headers=[("hh", b"v")])
    at = mixed.index(b"hh", mixed.index(b"x" * 50))
    await produce(
        bands.engines.kafka,
        bands.topic,
        [*odd(), checked(mixed[:at] + b"\xff\xff" + mixed[at + 2 :])],
    )
    books = await bands.settled(7 + 7 + 4)
    assert (books.counted, books.stored, books.rejected) == (7 + 3, 7 + 3, 7 + 1)
    assert books.closed
    assert await service.ready()
    assert max(len(str(each["id"])) for each in await bands.logs()) <= 64


async def test_a_batch_above_what_is_fetched_at_once_gets_through(bands: Rig) -> None:
    await allow(bands, 8 << 20)
    await bands.consumer()
    big = batch([b"b" * (5 << 20), *votes(1)])
    await produce(bands.engines.kafka, bands.topic, [big, big], partition=0)
    await produce(bands.engines.kafka, bands.topic, [big], partition=1)
    await bands.produce(bands.events(40), partitions=3)
    books = await bands.settled(46)
    assert (books.counted, books.rejected, books.closed) == (43, 3, True)


async def allow(rig: Rig, size: int) -> None:
    """Lets the events topic take batches of so many bytes."""
    admin = AIOKafkaAdminClient(**client_arguments(rig.engines.kafka))
    await admin.start()
    wanted = {"max.message.bytes": str(size)}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, rig.topic, wanted)])
    await admin.close()


async def tortured(rig: Rig, kafka: str) -> Found:
    """What the torture finds with eyes of its own."""
    doors = {"kafka": kafka, "redis": rig.engines.redis, "mongo": rig.engines.mongo}
    stores = TortureStores(doors, rig.scenario, Ids("none"))
    try:
        return await stores.read()
    finally:
        await stores.close()


@contextlib.asynccontextmanager
async def transactional(rig: Rig) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that writes in transactions."""
    producer = AIOKafkaProducer(**client_arguments(rig.engines.kafka), transactional_id=rig.name)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
