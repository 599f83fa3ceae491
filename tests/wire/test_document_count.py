"""What was counted of the documents is kept, gone on from, and checked again; on real stores."""

from __future__ import annotations

import asyncio

import pytest

from tests.consumer.rig import Rig
from tests.waiting import until
from tests.wire.filled import EVENTS, Filled
from wire import keys
from wire.bookkeeping import Auditor
from wire.committed import read_committed
from wire.document_count import Counted, DocumentCount
from wire.documents import Documents, DocumentsError
from wire.ranges import WINDOW, Range


class Watched(Documents):
    """A document store that remembers how many offsets it was asked to count."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked = 0

    async def count(self, collection: str, wanted: Range) -> int:
        """As Documents does it."""
        self.asked += wanted.upto - wanted.after
        return await super().count(collection, wanted)


class Failing(Documents):
    """A document store that does not answer for one partition, while it is asked for another, and
    answers nothing until it is back."""

    def __init__(self, url: str, away: str) -> None:
        super().__init__(url)
        self.back = asyncio.Event()
        self._away = away
        self._asked = asyncio.Event()

    async def count(self, collection: str, wanted: Range) -> int:
        """As Documents does it, once the store is back."""
        if wanted.tp == self._away and not self.back.is_set():
            await self._asked.wait()
            raise DocumentsError("the store is away")
        self._asked.set()
        await self.back.wait()
        return await super().count(collection, wanted)


def auditor(filled: Filled, documents: Documents | None = None) -> Auditor:
    """As a room has it when it opens."""
    rig = filled.rig
    return Auditor(rig.name, rig.redis, rig.account, documents or rig.documents)


async def keep(filled: Filled) -> DocumentCount:
    """Counts everything, and keeps it."""
    count = DocumentCount(filled.rig.name, filled.rig.documents)
    await count.load()
    await count.advance((await read_committed(filled.rig.redis, filled.rig.name)).ranges())
    await count.save()
    return count


async def test_books_that_open_count_only_what_was_not_counted_before(filled: Filled) -> None:
    await keep(filled)
    await filled.handle(300)
    watched = Watched(filled.rig.engines.mongo)
    books = await auditor(filled, watched).audit()
    assert (books.stored, books.unaudited, books.closed) == (EVENTS + 300, 0, True)
    assert watched.asked == 300
    await watched.close()


async def test_a_count_that_a_store_broke_off_counts_nothing_twice(filled: Filled) -> None:
    (whole,) = (await read_committed(filled.rig.redis, filled.rig.name)).ranges()
    other = Range("another/0", -1, 10)
    store = Failing(filled.rig.engines.mongo, away=other.tp)
    count = DocumentCount(filled.rig.name, store)
    with pytest.raises(DocumentsError):
        await count.advance([whole, other])
    store.back.set()
    assert await count.advance([whole, other]) == 0
    assert count.total == EVENTS
    await store.close()


async def test_a_purge_below_what_was_kept_costs_one_window(filled: Filled) -> None:
    await keep(filled)
    rig = filled.rig
    field = (await rig.redis.hkeys(keys.committed_key(rig.name)))[0]
    low_watermark = WINDOW + 99
    await rig.redis.hset(keys.low_watermark_key(rig.name), field, low_watermark)
    await rig.redis.hset(keys.books_key(rig.name), "purged", low_watermark + 1)
    watched = Watched(rig.engines.mongo)
    books = await auditor(filled, watched).audit()
    assert books.closed
    assert watched.asked <= WINDOW
    await watched.close()


async def test_an_audit_answers_in_time_and_the_next_one_goes_on(filled: Filled) -> None:
    audit = auditor(filled)
    first = await audit.audit(within=0)
    assert (first.unaudited, first.counted, first.taken) == (EVENTS, EVENTS, EVENTS)
    assert (first.lost, first.doubled, first.closed) == (0, 0, False)

    async def done() -> bool:
        return not (await audit.audit(within=0.01)).unaudited

    await until(done, "everything is counted", every=0)
    assert (await audit.audit()).closed


async def test_a_loss_is_not_hidden_by_what_was_kept(filled: Filled) -> None:
    count = await keep(filled)
    rig = filled.rig
    assert await rig.documents.delete(filled.logs, Range(filled.tp, 41, 42)) == 1
    assert (await auditor(filled).audit()).lost == 0, "nobody has looked there again"
    for _ in range(EVENTS // WINDOW + 1):
        await count.recheck()
    await count.save()
    assert (await auditor(filled).audit()).lost == 1
    exact = Auditor(rig.name, rig.redis, rig.account, rig.documents, exact=True)
    assert (await exact.audit()).lost == 1


async def test_a_fence_that_goes_back_leaves_what_was_kept(filled: Filled) -> None:
    await keep(filled)
    rig = filled.rig
    field = (await rig.redis.hkeys(keys.committed_key(rig.name)))[0]
    await rig.redis.hset(keys.committed_key(rig.name), field, 99)
    count = DocumentCount(rig.name, rig.documents)
    await count.load()
    assert await count.advance((await read_committed(rig.redis, rig.name)).ranges()) == 0
    assert count.total == 100
    await count.save()
    await rig.redis.hset(keys.committed_key(rig.name), field, EVENTS - 1)
    watched = Watched(rig.engines.mongo)
    assert (await auditor(filled, watched).audit()).closed
    assert watched.asked == 0
    await watched.close()


@pytest.mark.parametrize(
    "damage",
    [{"counts": b"\1\0\0\0"}, {"counts": 7}, {"upto": "x"}, {"format": 2}, {"counts": b"abc"}],
)
async def test_what_was_kept_and_cannot_be_read_is_counted_anew(
    filled: Filled, damage: dict[str, object]
) -> None:
    await keep(filled)
    rig = filled.rig
    (kept,) = await rig.documents.audits(rig.name)
    await rig.documents.keep_audit(rig.name, kept | damage)
    assert (await auditor(filled).audit()).closed


async def test_a_consumer_keeps_what_it_has_counted(bands: Rig) -> None:
    events = bands.events(3_000)
    await bands.consumer()
    await bands.produce(events)
    await bands.settled(len(events))
    committed_offsets = (await read_committed(bands.redis, bands.name)).offsets

    async def kept() -> bool:
        documents = await bands.documents.audits(bands.name)
        found = [Counted.read(document) for document in documents]
        there = {one.tp: (one.upto, one.total) for one in found if one is not None}
        return there == {
            tp: (committed, committed + 1) for tp, committed in committed_offsets.items()
        }

    await until(kept, "everything is counted and kept")


async def test_what_was_counted_is_counted_anew_from_an_offset_on(filled: Filled) -> None:
    await keep(filled)
    audit = auditor(filled)
    assert (await audit.audit()).lost == 0
    since = await audit.offsets()
    await filled.handle(10)
    assert (await audit.audit()).lost == 0
    gone = filled.handled - 3
    assert await filled.rig.documents.delete(filled.logs, Range(filled.tp, gone - 1, gone)) == 1
    assert (await audit.audit()).lost == 0, "it was counted while it was there"
    await audit.recount(since)
    assert (await audit.audit()).lost == 1
    await audit.recount({filled.tp: filled.handled})
    assert (await audit.audit()).lost == 1, "what lies before is left as it is"
