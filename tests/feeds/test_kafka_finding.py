"""Searches in Kafka itself, on the real broker: also what no store has."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from controlroom.commands.verb_context import opened
from controlroom.feeds import kafka_finding
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.finding import sequence
from controlroom.feeds.kafka_finding import KafkaFinding
from controlroom.model.finding import Found, RecordLine, Wanted
from controlroom.model.needle import Needle
from controlroom.targets.abilities import Refused
from tests.consumer.raw import CODECS, altering, batch, checked, produce
from tests.feeds.world import World, vote
from wire import keys
from wire.kafka import client_arguments
from wire.record import encode_rejected
from wire.topics import OffsetReader


async def steps_of(world: World, wanted: Wanted) -> list[Found]:
    """All that a search says."""
    async with opened(KafkaFinding(world.endpoints, world.scenario, wanted)) as finding:
        return [step async for step in finding.steps()]


async def found(world: World, wanted: Wanted) -> list[RecordLine]:
    """Its hits, oldest first."""
    hits = sequence([line for step in await steps_of(world, wanted) for line in step.lines])
    assert all(isinstance(line, RecordLine) for line in hits)
    return [line for line in hits if isinstance(line, RecordLine)]


def packed(
    events: Sequence[dict[str, Any]],
    codec: str = "none",
    at: int | None = None,
    origin: str = "http",
) -> bytes:
    """One batch of them, as a producer sends it."""
    values = [json.dumps(event).encode() for event in events]
    when = int(time.time() * 1000) if at is None else at
    return batch(values, codec, [("id", b"x"), ("origin", origin.encode())], when, b"key")


async def put(world: World, batches: Sequence[bytes], partition: int = 0) -> list[int]:
    """On the topic of events."""
    topic = keys.events_topic(world.scenario.name)
    return await produce(world.engines.kafka, topic, batches, partition)


async def refuse(world: World, value: str, reason: str) -> None:
    """On the topic of refused records."""
    told = encode_rejected(value, [{"field": "rank", "message": reason}], "grpc")
    producer = AIOKafkaProducer(**client_arguments(world.engines.kafka))
    async with producer:
        topic = keys.rejected_topic(world.scenario.name)
        await producer.send_and_wait(topic, told, partition=1)


async def test_packed_records_are_found_though_no_store_has_them(bands: World) -> None:
    for partition, codec in enumerate(CODECS):
        events = [vote("Maná", codec, n % 6) for n in range(30)]
        await put(bands, [packed(events, codec, origin="wasm")], partition)
    hits = await found(bands, Wanted(Needle("/zstd|lz4/"), {"name": "Maná", "rank": "5"}))
    assert {(line.partition, line.offset) for line in hits} == {
        (p, n) for p in (3, 4) for n in range(5, 30, 6)
    }
    assert {(line.origin, line.key) for line in hits} == {("wasm", "key")}
    assert not any(line.rejected for line in hits)
    assert json.loads(hits[0].value)["album"] in ("zstd", "lz4")
    assert len(await found(bands, Wanted(fields={"origin": "wasm"}, partition=2))) == 30
    assert await found(bands, Wanted(fields={"origin": "http"})) == []


async def test_what_was_rejected_is_found_with_its_reason(bands: World) -> None:
    await put(bands, [batch([b'{"name": 1}', b"no json"], at=int(time.time() * 1000))])
    await refuse(bands, '{"name": "Maná", "rank": 99}', "must be 0 to 5")
    hits = await found(bands, Wanted(Needle("rejected")))
    assert all(line.rejected for line in hits)
    assert [(line.topic, line.partition) for line in hits] == [
        *[(keys.events_topic(bands.scenario.name), 0)] * 2,
        (keys.rejected_topic(bands.scenario.name), 1),
    ]
    assert "must be 0 to 5" in hits[-1].text
    (one,) = await found(bands, Wanted(fields={"rank": "99"}))
    assert one == hits[-1]
    assert one.origin == "grpc"


async def test_the_newest_come_first_and_it_ends_when_enough_was_found(
    bands: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_finding, "FIRST_WINDOW", 20)
    monkeypatch.setattr(kafka_finding, "WINDOW", 40)
    base = int(time.time() * 1000) - 1_000_000
    for n in range(20):
        await put(bands, [packed([vote(rank=n % 6)] * 10, at=base + n * 1000)], n % 2)
    steps = await steps_of(bands, Wanted(most=25))
    lines = [line for step in steps for line in step.lines]
    assert [line.stored for line in lines] == sorted((x.stored for x in lines), reverse=True)
    assert {line.stored for line in lines} == {(base + n * 1000) / 1000 for n in (17, 18, 19)}
    assert steps[-1].said == (
        "the newest 25 hits, found in 40 of 200 records (20%); there may be more"
    )
    whole = await steps_of(bands, Wanted())
    assert whole[-1].said == "200 hits in 200 of 200 records (100%)"
    assert [len(step.lines) for step in whole if step.lines] == [40, 80, 80]


async def test_a_time_cuts_what_is_read(bands: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_finding, "SKEW", 0)
    base = 1_700_000_000_000
    await put(bands, [packed([vote()] * 5, at=base + n * 10_000) for n in range(20)])
    since, until = base / 1000 + 50, base / 1000 + 70
    steps = await steps_of(bands, Wanted(since=since, until=until))
    assert {line.stored - base / 1000 for step in steps for line in step.lines} == {50, 60, 70}
    assert steps[-1].total < 25, "the other records are not read"
    assert await found(bands, Wanted(since=base / 1000 + 500)) == []


async def test_what_cannot_be_read_is_told_and_the_search_goes_on(bands: World) -> None:
    sent = [packed([vote("one")]), packed([vote("broken")] * 3, "gzip"), packed([vote("two")])]
    async with altering(bands.engines.kafka) as link:
        spoiled = bytearray(sent[1])
        spoiled[70:80] = b"\xff" * 10
        link.spoil(sent[1], checked(spoiled))
        torn = bytearray(sent[2])
        await put(bands, [*sent, packed([vote("three")], "snappy")])
        link.spoil(sent[2], bytes(torn[:-1]) + bytes([torn[-1] ^ 0xFF]))
        bands.target.move(kafka=link.address)
        steps = await steps_of(bands, Wanted())
    names = [json.loads(line.value)["name"] for step in steps for line in step.lines]  # type: ignore[union-attr]
    assert sorted(names) == ["one", "three"]
    unread = [words for step in steps for words in step.unread]
    topic = keys.events_topic(bands.scenario.name)
    assert [words.partition(": ")[0] for words in unread] == [
        f"{topic} p0 o1 to 3", f"{topic} p0 o4",
    ]  # fmt: skip
    assert "cannot be unpacked as gzip" in unread[0]
    assert "wrong checksum" in unread[1]
    assert steps[-1].said == "2 hits in 6 of 6 records (100%)"


async def test_open_and_aborted_transactions_hold_nothing_up(bands: World) -> None:
    topic = keys.events_topic(bands.scenario.name)
    await bands.produce([vote("before")], 3)
    producer = AIOKafkaProducer(
        **client_arguments(bands.engines.kafka), transactional_id=f"{bands.scenario.name}-t"
    )
    value = json.dumps(vote("never")).encode()
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value, partition=3)
        await producer.abort_transaction()
        assert [line.offset for line in await found(bands, Wanted())] == [0]
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value, partition=3)
        steps = await steps_of(bands, Wanted())
        assert [line.offset for step in steps for line in step.lines] == [0]
        assert steps[-1].looked == steps[-1].total
        await producer.abort_transaction()


async def test_nobody_joins_the_group_and_nothing_is_committed(bands: World) -> None:
    await bands.produce([vote()] * 3)
    group = keys.consumer_group(bands.scenario.name)
    async with (
        opened(KafkaFinding(bands.endpoints, bands.scenario, Wanted())) as finding,
        OffsetReader(bands.engines.kafka) as reader,
    ):
        members = [await reader.members(group) async for _ in finding.steps()]
        assert len(members) > 1
        assert not any(members)
        assert await reader.committed(group, keys.events_topic(bands.scenario.name)) == {}


async def test_it_says_what_is_wrong_with_what_is_asked(bands: World) -> None:
    with pytest.raises(ValueError, match="has 0 to 11"):
        await found(bands, Wanted(partition=12))
    with pytest.raises(ValueError, match="have no field colour"):
        KafkaFinding(bands.endpoints, bands.scenario, Wanted(fields={"colour": "red"}))
    bands.target.known = type(bands.target.known)(
        bands.target.known.addresses, brokers={"1": "127.0.0.1:9"}
    )
    bands.endpoints = LiveEndpoints(bands.target)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="behind forwarded ports"):
        await found(bands, Wanted())
