"""What pages ask, on the real engines: partitions, rejections, one document, a search."""

from __future__ import annotations

import time

import pytest

from controlroom.commands.verb_context import opened
from controlroom.feeds.document import DocumentSource
from controlroom.feeds.finding import Finding, sequence
from controlroom.feeds.partitions import PartitionsSource
from controlroom.feeds.rejections import RejectionsSource
from controlroom.model.document import StoredRecord
from controlroom.model.finding import Hit, Wanted
from controlroom.model.needle import Needle
from controlroom.targets.abilities import Refused
from tests.feeds.world import World, vote
from wire import keys


async def found(world: World, wanted: Wanted) -> tuple[list[Hit], int]:
    """The hits, and how many offsets were looked through."""
    finding = Finding(world.endpoints, world.scenario, wanted)
    await finding.open()
    hits: list[Hit] = []
    looked = 0
    try:
        async for step in finding.steps():
            hits += step.lines
            looked = step.looked
    finally:
        await finding.close()
    return sequence(hits), looked


async def said_last(world: World, wanted: Wanted) -> str:
    """What a search says of itself in the end."""
    async with opened(Finding(world.endpoints, world.scenario, wanted)) as finding:
        return [step.said async for step in finding.steps()][-1]


async def test_events_are_found_by_field_text_time_and_number(bands: World) -> None:
    await bands.store([vote("Maná", "Amar", n % 6) for n in range(60)], 0)
    await bands.store([vote("Caifanes", "El Silencio", 5)] * 3, 1)
    hits, looked = await found(bands, Wanted(fields={"name": "Maná", "rank": "5"}))
    assert [line.offset for line in hits] == [n for n in range(60) if n % 6 == 5]
    assert looked == 63
    hits, _ = await found(bands, Wanted(Needle("silencio")))
    assert [(line.partition, line.offset) for line in hits] == [(1, 0), (1, 1), (1, 2)]
    hits, _ = await found(bands, Wanted(Needle("!/maná|x/"), most=2))
    assert [(line.partition, line.offset) for line in hits] == [(1, 1), (1, 2)]
    assert await said_last(bands, Wanted(most=2)) == (
        "the newest 2 hits, found in 63 of 63 events (100%); there may be more"
    )
    assert await said_last(bands, Wanted()) == "63 hits in 63 of 63 events (100%)"
    assert await found(bands, Wanted(since=time.time() + 60)) == ([], 0)
    hits, _ = await found(bands, Wanted(until=time.time() + 60))
    assert len(hits) == 63


async def test_a_time_cuts_what_is_looked_through(bands: World) -> None:
    tp = keys.partition_id(bands.topic_id, 0)
    documents = [
        {"_id": keys.document_id(tp, o), "tp": tp, "o": o, "id": str(o), "origin": "http",
         "at": 1_000_000 + o * 1000, "stored": 1_000_000 + o * 1000, "event": vote()}
        for o in range(100)
    ]  # fmt: skip
    await bands.documents.insert(keys.logs_collection(bands.scenario.name), documents)
    await bands.count([vote()] * 100, 0)
    hits, looked = await found(bands, Wanted(since=1030.0, until=1039.0))
    assert [line.offset for line in hits] == list(range(30, 40))
    assert looked <= 12


async def test_a_document_has_its_record_and_its_neighbours(bands: World) -> None:
    await bands.produce([vote("one"), vote("two"), vote("three")], 2)
    await bands.store([vote("one"), vote("two"), vote("three")], 2)
    source = DocumentSource(bands.endpoints, bands.scenario)
    await source.open()
    try:
        source.wanted = (2, 1, time.time())
        told = await source.read()
        assert told.document["event"]["name"] == "two"
        assert isinstance(told.record, StoredRecord), told.record
        assert told.record.size > 10
        source.step = 1
        assert (await source.read()).document["event"]["name"] == "three"
        source.step = 1
        with pytest.raises(Refused, match="in that direction"):
            await source.read()
        source.step = -1
        assert (await source.read()).document["event"]["name"] == "two"
        source.wanted, source.step = (2, 99, 0.0), 0
        with pytest.raises(Refused, match="at that place"):
            await source.read()
    finally:
        await source.close()


async def test_partitions_say_where_they_are_and_that_nobody_has_them(bands: World) -> None:
    await bands.produce([vote()] * 5, 3)
    source = PartitionsSource(bands.endpoints, bands.scenario)
    await source.open()
    try:
        told = await source.read()
    finally:
        await source.close()
    assert len(told.rows) == keys.PARTITIONS
    row = next(row for row in told.rows if row.number == 3)
    assert (row.end, row.committed, row.lag, row.member) == (5, None, 5, "")
    assert told.members == {}


async def test_what_was_rejected_is_counted_by_reason(bands: World) -> None:
    tp, name = keys.partition_id(bands.topic_id, 0), bands.scenario.name
    reason = [{"field": "rank", "message": "is no whole number"}]
    documents = [
        {"_id": keys.document_id(tp, o), "tp": tp, "o": o, "origin": "http", "at": 1000,
         "stored": 2000 + o, "value": f"v{o}", "reason": reason}
        for o in range(3)
    ]  # fmt: skip
    await bands.documents.insert(keys.rejected_collection(name), documents)
    await bands.count([vote()] * 3, 0)
    await bands.redis.hincrby(keys.books_key(name), "dead", 3)
    source = RejectionsSource(bands.endpoints, bands.scenario)
    await source.open()
    try:
        told = await source.read()
    finally:
        await source.close()
    (why,) = told.reasons()
    assert (why.reason, why.count, why.newest.value) == ("rank: is no whole number", 3, "v2")
    assert told.total == 3
