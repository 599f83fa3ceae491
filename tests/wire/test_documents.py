"""Documents by windows, on a real document store."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from tests.conftest import Engines
from tests.ports import free_port
from tests.relay import relay
from tests.waiting import until
from wire import keys
from wire.documents import Document, Documents, DocumentsError
from wire.ranges import WINDOW, Range


def document(tp: str, offset: int, index: int | None = None, stored: int = 0) -> Document:
    made = {
        "_id": keys.document_id(tp, offset, index),
        "tp": tp,
        "o": offset,
        "at": 0,
        "stored": stored,
    }
    return made if index is None else {**made, "i": index}


@pytest.fixture
async def store(engines: Engines) -> AsyncIterator[tuple[Documents, str]]:
    documents = Documents(engines.mongo)
    scenario = f"documents-{uuid.uuid4().hex[:8]}"
    await documents.ensure_indexes(scenario)
    yield documents, keys.logs_collection(scenario)
    await documents.drop(scenario)
    await documents.close()


async def test_writing_twice_stores_once(store: tuple[Documents, str]) -> None:
    documents, logs = store
    first = [document("t:0", offset) for offset in range(1_500)]
    assert await documents.insert(logs, first) == 1_500
    again = [document("t:0", offset) for offset in range(1_000, 2_500)]
    assert await documents.insert(logs, again) == 1_000
    assert await documents.count(logs, Range("t:0", -1, 2_499)) == 2_500


async def test_a_store_answers_others_while_a_scenario_is_removed(
    store: tuple[Documents, str], engines: Engines
) -> None:
    documents, logs = store
    other = Documents(engines.mongo)

    async def others_are_answered() -> bool:
        """Fills and removes it once; a gap may be the machine's, and then not each time."""
        for start in range(0, 8_000, 1_000):
            await documents.insert(logs, [document("t:0", start + o) for o in range(1_000)])
        await other.ping()
        answers = [time.monotonic()]
        removing = asyncio.create_task(documents.drop(logs.split(".")[0]))
        while not removing.done():
            await other.ping()
            answers.append(time.monotonic())
        await removing
        longest = max(late - early for early, late in pairwise(answers))
        return longest < (time.monotonic() - answers[0]) / 2

    try:
        await until(others_are_answered, "no other waits for half of a removal", 60, every=0)
    finally:
        await other.close()


async def test_the_events_of_one_list_share_an_offset(store: tuple[Documents, str]) -> None:
    documents, logs = store
    made = [document("t:0", 7, index) for index in (1, 0, 2)]
    assert await documents.insert(logs, made) == 3
    found = await documents.find(logs, Range("t:0", 6, 7))
    assert [each["i"] for each in found] == [0, 1, 2]


async def test_a_range_is_open_below_and_closed_above(store: tuple[Documents, str]) -> None:
    documents, logs = store
    await documents.insert(logs, [document(tp, o) for tp in ("t:0", "t:1") for o in range(10)])
    found = await documents.find(logs, Range("t:0", 3, 6))
    assert [(each["tp"], each["o"]) for each in found] == [("t:0", 4), ("t:0", 5), ("t:0", 6)]


async def test_several_ranges_are_one_question(store: tuple[Documents, str]) -> None:
    documents, logs = store
    tps = ("t:0", "t:1", "t:2")
    await documents.insert(logs, [document(tp, o) for tp in tps for o in reversed(range(10))])
    ranges = [Range("t:2", 7, 9), Range("t:0", -1, 1), Range("t:1", 9, 12)]
    parts = await documents.find_each(logs, ranges)
    assert [[(each["tp"], each["o"]) for each in part] for part in parts] == [
        [("t:2", 8), ("t:2", 9)],
        [("t:0", 0), ("t:0", 1)],
        [],
    ]
    assert await documents.find_each(logs, []) == []


async def test_what_a_question_costs_follows_its_range_and_not_the_collection(
    store: tuple[Documents, str],
) -> None:
    documents, large = store
    small = keys.logs_collection(f"{large.split('.')[0]}-small")
    await documents.ensure_indexes(small.split(".")[0])
    ranges = [Range(tp, 899, 999) for tp in ("t:0", "t:1")]
    questions: dict[str, Callable[[str], Awaitable[object]]] = {
        "count": lambda logs: documents.count(logs, ranges[0]),
        "find": lambda logs: documents.find(logs, ranges[0]),
        "find_each": lambda logs: documents.find_each(logs, ranges),
        "given": lambda logs: documents.given(logs, ranges[0]),
        "ages": lambda logs: documents.ages(logs, ranges[0]),
        "newest": lambda logs: documents.newest(logs, ranges, 20),
    }
    for logs, size in ((small, 1_000), (large, 10_000)):
        for first in range(0, size, 500):
            offsets = range(first, first + 500)
            await documents.insert(logs, [document(r.tp, o) for r in ranges for o in offsets])
    least: dict[tuple[str, str], float] = {}

    async def follows() -> bool:
        """Asks each collection in turn. The fastest answer ever is the one that others on the
        machine held up least, and one that reads the whole collection is never as fast."""
        for name, question in questions.items():
            for logs in (small, large) * 5:
                began = time.perf_counter()
                await question(logs)
                taken = time.perf_counter() - began
                least[name, logs] = min(taken, least.get((name, logs), taken))
        return all(least[name, large] < 4 * least[name, small] for name in questions)

    try:
        await until(follows, "no question costs more on ten times as many documents", every=0)
    finally:
        await documents.drop(small.split(".")[0])


def test_windows_cover_a_range_once_and_end_at_multiples() -> None:
    windows = Range("t:0", WINDOW - 3, 2 * WINDOW + 5).windows()
    assert [(w.after, w.upto) for w in windows] == [
        (WINDOW - 3, WINDOW - 1),
        (WINDOW - 1, 2 * WINDOW - 1),
        (2 * WINDOW - 1, 2 * WINDOW + 5),
    ]
    assert Range("t:0", 4, 4).windows() == []


async def test_the_newest_are_found_over_partitions_and_holes(
    store: tuple[Documents, str],
) -> None:
    documents, logs = store
    made = [document("t:0", offset, stored=offset) for offset in range(40)]
    made += [document("t:1", offset, stored=1_000 + offset) for offset in range(3)]
    await documents.insert(logs, made)
    # the last offsets of the first partition hold no document
    ranges = [Range("t:0", -1, 400), Range("t:1", -1, 2)]
    found = await documents.newest(logs, ranges, 10)
    assert [each["stored"] for each in found] == [1002, 1001, 1000, 39, 38, 37, 36, 35, 34, 33]
    assert len(await documents.newest(logs, ranges, 100)) == 43


async def test_deleting_a_range_leaves_the_rest(store: tuple[Documents, str]) -> None:
    documents, logs = store
    await documents.insert(logs, [document("t:0", offset) for offset in range(50)])
    assert await documents.delete(logs, Range("t:0", -1, 29)) == 30
    assert await documents.count(logs, Range("t:0", -1, 49)) == 20


async def test_a_store_that_is_away_is_an_error_in_a_sentence() -> None:
    documents = Documents(f"mongodb://127.0.0.1:{free_port()}", timeout=0.5)
    with pytest.raises(DocumentsError, match="MongoDB"):
        await documents.ping()
    await documents.close()


async def test_the_end_does_not_hold_up_a_loop_that_carries_its_connection(
    engines: Engines,
) -> None:
    """A port that is forwarded from a cluster: the driver's goodbye needs the loop."""
    port = free_port()
    where = urlsplit(engines.mongo)
    through = where._replace(netloc=f"{where.netloc.rpartition(':')[0]}:{port}").geturl()
    async with relay(port, where.port or 0) as came:
        documents = Documents(through, timeout=20)
        await documents.ping()
        assert came
        begun = time.monotonic()
        await documents.close()
        assert time.monotonic() - begun < 15, "it did not wait for the driver's 40 s"


async def test_the_end_waits_for_no_store_that_is_silent() -> None:
    came = asyncio.Event()

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    documents = Documents(f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout=20)
    try:
        asking = asyncio.create_task(documents.ping())
        await came.wait()
        begun = time.monotonic()
        await documents.close()
        assert time.monotonic() - begun < 15
        with pytest.raises(DocumentsError):
            await asking
    finally:
        server.close()
