"""The auditor and the purge, on real stores. The test plays the consumer."""

from __future__ import annotations

import asyncio

import pytest

from tests.consumer.rig import Rig
from tests.waiting import until
from tests.wire.filled import EVENTS, Filled
from wire import keys, purging
from wire.books import Books
from wire.committed import read_committed
from wire.documents import Documents, DocumentsError
from wire.ranges import WINDOW, Range


async def test_the_books_of_a_scenario_without_anything(bands: Rig) -> None:
    assert (await bands.books()).closed


async def test_what_is_new_is_added_to_what_was_counted(filled: Filled) -> None:
    auditor = filled.auditor()
    assert (await auditor.audit()).stored == EVENTS
    for _ in range(3):
        await filled.handle(700)
        books = await auditor.audit()
        assert books.closed
        assert books.stored == filled.handled == books.counted


async def test_questions_at_the_same_time_do_not_count_twice(filled: Filled) -> None:
    auditor = filled.auditor()
    answers = await asyncio.gather(*(auditor.found() for _ in range(5)))
    assert answers == [EVENTS] * 5


async def test_a_document_deleted_by_hand_is_found_by_and_by(filled: Filled) -> None:
    auditor = filled.auditor()
    assert (await auditor.audit()).closed
    assert await filled.rig.documents.delete(filled.logs, Range(filled.tp, 41, 42)) == 1

    async def lost() -> Books | None:
        books = await auditor.audit()
        return books if books.lost else None

    assert (await until(lost, "the loss to be seen", every=0.01)).lost == 1
    assert (await filled.auditor().audit()).lost == 1


async def test_documents_beyond_the_fence_are_not_counted_yet(filled: Filled) -> None:
    ahead = filled.handled + 5
    document = {"_id": keys.document_id(filled.tp, ahead), "tp": filled.tp, "o": ahead}
    await filled.rig.documents.insert(filled.logs, [document])
    assert (await filled.auditor().audit()).stored == EVENTS


async def test_acknowledged_is_the_sum_over_all_producers(filled: Filled) -> None:
    key = keys.acknowledged_key(filled.rig.name)
    await filled.rig.redis.hset(key, mapping={"a": EVENTS, "b": 7})
    books = await filled.auditor().audit()
    assert (books.acknowledged, books.lost) == (EVENTS + 7, 7)


async def test_a_purge_removes_documents_and_leaves_fence_and_books(filled: Filled) -> None:
    rig, auditor = filled.rig, filled.auditor()
    await auditor.audit()
    assert await purging.purge(rig.name, rig.redis, rig.documents) == EVENTS
    assert await rig.documents.count(filled.logs, Range(filled.tp, -1, EVENTS)) == 0
    assert (await read_committed(rig.redis, rig.name)).offsets == {filled.tp: EVENTS - 1}
    await filled.handle(300)
    for each in (auditor, filled.auditor()):
        books = await each.audit()
        assert books.closed
        assert books.stored == EVENTS + 300
        assert await each.found() == 300
    assert await purging.purge(rig.name, rig.redis, rig.documents) == 300


async def test_a_purge_does_not_hide_what_was_lost_before_it(filled: Filled) -> None:
    rig = filled.rig
    await rig.documents.delete(filled.logs, Range(filled.tp, 10, 14))
    assert await purging.purge(rig.name, rig.redis, rig.documents) == EVENTS - 4
    assert (await filled.auditor().audit()).lost == 4


async def test_a_purge_that_died_half_way_is_finished_by_the_next(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = filled.rig

    async def dies(self: Documents, collection: str, wanted: Range) -> int:
        raise DocumentsError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Documents, "delete", dies)
        with pytest.raises(DocumentsError):
            await purging.purge(rig.name, rig.redis, rig.documents)
    assert (await filled.auditor().audit()).closed
    assert await purging.purge(rig.name, rig.redis, rig.documents) == 0
    assert await rig.documents.count(filled.logs, Range(filled.tp, -1, EVENTS)) == 0


async def test_two_purges_at_once_count_every_document_once(filled: Filled) -> None:
    rig = filled.rig
    purges = (purging.purge(rig.name, rig.redis, rig.documents) for _ in range(3))
    assert sum(await asyncio.gather(*purges)) <= EVENTS
    books = await filled.auditor().audit()
    assert books.closed
    assert books.stored == EVENTS


def test_a_window_is_small_enough_for_several_of_these() -> None:
    assert EVENTS > 2 * WINDOW
