"""The log tail on a real document store."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from controlroom.feeds import log
from controlroom.feeds.log import LogSource
from controlroom.feeds.queue_time import QueueTimes
from controlroom.feeds.scrollback import Scrollback
from controlroom.model.log import LogBatch, LogLine
from controlroom.model.tail import LogTail
from tests.feeds.world import World, vote


async def opened(world: World, first_lines: int = 200) -> LogSource:
    source = LogSource(world.endpoints, world.scenario, first_lines=first_lines)
    await source.open()
    return source


async def test_every_document_comes_once_in_the_order_of_its_partition(bands: World) -> None:
    chance = random.Random(3)
    source = await opened(bands)
    seen: dict[int, list[int]] = defaultdict(list)
    sent: dict[int, int] = defaultdict(int)
    for _ in range(12):
        partition, count = chance.randrange(4), chance.randrange(1, 40)
        await bands.store([vote()] * count, partition)
        sent[partition] += count
        if chance.random() < 0.6:
            collect(seen, await source.read())
    last = await source.read()
    collect(seen, last)
    assert seen == {partition: list(range(count)) for partition, count in sent.items()}
    assert last.total == sum(sent.values())
    assert (await source.read()).lines == ()
    assert await source.count() == sum(sent.values())
    await source.close()


def collect(seen: dict[int, list[int]], batch: LogBatch) -> None:
    assert batch.skipped == 0
    for line in batch.lines:
        seen[line.partition].append(line.offset)


async def test_documents_above_the_fence_wait_for_their_fence(bands: World) -> None:
    source = await opened(bands)
    await source.read()
    await bands.write_documents([vote()])
    assert (await source.read()).lines == ()
    await bands.count([vote()])
    assert len((await source.read()).lines) == 1
    await source.close()


async def test_the_line_is_the_scenarios_and_holds_no_control_characters(bands: World) -> None:
    await bands.store([vote("Evil\x1b]0;x\x07", "[red]A\nB", 3)])
    source = await opened(bands)
    (line,) = (await source.read()).lines
    assert line.text == "voto Evil ]0;x  · [red]A B 3"
    assert line.stored - line.produced == pytest.approx(0.02, abs=0.001)
    await source.close()


async def test_too_many_at_once_are_skipped_and_counted(
    bands: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MOST_LINES", 60)
    source = await opened(bands)
    await source.read()
    for partition in (0, 1):
        await bands.store([vote()] * 100, partition)
    batch = await source.read()
    assert len(batch.lines) + batch.skipped == 200
    assert sorted((line.partition, line.offset) for line in batch.lines) == [
        (partition, offset) for partition in (0, 1) for offset in range(70, 100)
    ]
    await source.close()


async def test_a_new_room_begins_with_the_newest_and_scrolls_back_to_the_first(
    bands: World,
) -> None:
    for step in range(6):
        await bands.store([vote(rank=step)] * 50, step % 3)
    source = await opened(bands, first_lines=40)
    tail = LogTail(100)
    tail.apply(0.0, await source.read())
    await bands.store([vote(rank=9)] * 10, 1)
    tail.apply(1.0, await source.read())
    view = tail.view(1.0)
    assert len(view.lines) == 50
    back = Scrollback(source)
    pages: list[LogLine] = []
    before = view.first + len(view.lines)
    while page := await back.page(view, before, 45):
        pages = page + pages
        before -= len(page)
    assert len(pages) == 310
    assert len({(line.partition, line.offset) for line in pages}) == 310
    assert pages[-50:] == list(view.lines)
    stored = [line.stored for line in pages]
    assert stored == sorted(stored)
    await source.close()


def test_queue_times_are_those_of_the_last_seconds() -> None:
    waits = QueueTimes(seconds=10)
    assert waits.figure(100.0) is None
    lines = [LogLine(0, n, 95.0 - n / 1000, 95.0, "") for n in range(100)]
    waits.add([*lines, LogLine(0, 1, 10.0, 60.0, "")])
    found = waits.figure(100.0)
    assert found is not None
    assert [round(p) for p in (found.p50, found.p95, found.p99)] == [49, 94, 98]
    assert found.count == 100
