"""Retention of documents on real stores. The test plays the consumer."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from tests.consumer.rig import Rig
from wire import keys
from wire.bookkeeping import Auditor
from wire.committed import read_committed
from wire.documents import Documents, DocumentsError
from wire.pruning import Keep, Pruner, cut
from wire.purging import purge
from wire.ranges import WINDOW, Age, Range
from wire.rebuilding import PurgedError, rebuild

HOUR = 3_600_000


class Shop:
    """A scenario whose partitions hold documents of known ages."""

    def __init__(self, rig: Rig, topic_id: str) -> None:
        self.rig = rig
        self.topic_id = topic_id
        self.logs = keys.logs_collection(rig.name)
        self.now = time.time_ns() // 1_000_000
        self._ends: dict[int, int] = {}

    def tp(self, partition: int) -> str:
        """The partition's name in the documents."""
        return keys.partition_id(self.topic_id, partition)

    async def store(self, partition: int, count: int, stored: int) -> None:
        """So many events more in Kafka, documents and counters, all stored at that moment."""
        batch = self.rig.producer.create_batch()
        for _ in range(count):
            batch.append(key=None, value=b"{}", timestamp=None)
        await (await self.rig.producer.send_batch(batch, self.rig.topic, partition=partition))
        begin = self._ends.get(partition, 0)
        tp, offsets = self.tp(partition), range(begin, begin + count)
        await self.rig.documents.insert(self.logs, [document(tp, o, stored) for o in offsets])
        group = keys.consumer_group(self.rig.name)
        field = keys.committed_field(group, self.rig.topic, self.topic_id, partition)
        prepared = PreparedBatch(tp, begin - 1, offsets[-1])
        prepared.totals["counted"] = count
        (verdict,) = await Counting(self.rig.redis, self.rig.name).count([(field, prepared)])
        assert verdict.counted
        self._ends[partition] = begin + count

    def pruner(self, documents: int = 0, seconds: float = 0.0) -> Pruner:
        """One that has seen nothing yet."""
        keep = Keep(documents, seconds)
        return Pruner(self.rig.name, self.rig.redis, self.rig.documents, keep)

    async def all_steps(self, pruner: Pruner) -> int:
        """Everything that has to go now; how many went."""
        removed = 0
        while (step := await pruner.step(self.now)) is not None:
            removed += step
        return removed

    async def left(self, partition: int) -> int:
        """Documents of a partition that are there, whatever low watermarks and committed offsets
        say."""
        end = self._ends.get(partition, 0)
        return await self.rig.documents.count(self.logs, Range(self.tp(partition), -1, end + 9))

    def auditor(self) -> Auditor:
        """An auditor that has seen nothing yet."""
        rig = self.rig
        return Auditor(rig.name, rig.redis, rig.account, rig.documents, exact=True)


def document(tp: str, offset: int, stored: int) -> dict[str, object]:
    return {"_id": keys.document_id(tp, offset), "tp": tp, "o": offset, "stored": stored}


@pytest.fixture
async def shop(bands: Rig) -> Shop:
    made = Shop(bands, (await bands.offsets.topic(bands.topic)).id)
    await made.rig.documents.ensure_indexes(bands.name)
    return made


async def test_the_oldest_go_first_until_the_number_is_kept(shop: Shop) -> None:
    await shop.store(0, WINDOW + 500, shop.now - HOUR)
    await shop.store(1, WINDOW + 500, shop.now)
    auditor = shop.auditor()
    assert (await auditor.audit()).closed
    assert await shop.all_steps(shop.pruner(documents=WINDOW)) == WINDOW + 1_000
    assert (await shop.left(0), await shop.left(1)) == (0, WINDOW)
    for each in (auditor, shop.auditor()):
        books = await each.audit()
        assert books.closed
        assert (books.stored, books.purged) == (2 * WINDOW + 1_000, WINDOW + 1_000)
        assert await each.found() == WINDOW


async def test_only_what_is_too_old_goes(shop: Shop) -> None:
    await shop.store(0, 300, shop.now - 2 * HOUR)
    await shop.store(0, 200, shop.now - HOUR // 2)
    assert await shop.all_steps(shop.pruner(seconds=3_600)) == 300
    assert await shop.left(0) == 200
    assert await shop.all_steps(shop.pruner(seconds=3_600)) == 0
    assert (await shop.auditor().audit()).closed


async def test_what_no_fence_covers_stays(shop: Shop) -> None:
    await shop.store(0, 100, shop.now - HOUR)
    ahead = [document(shop.tp(0), offset, shop.now - HOUR) for offset in range(100, 108)]
    await shop.rig.documents.insert(shop.logs, ahead)
    assert await shop.all_steps(shop.pruner(seconds=1)) == 100
    assert await shop.left(0) == len(ahead)


async def test_a_step_that_died_is_finished_and_counted_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.store(0, 900, shop.now - HOUR)

    async def dies(self: Documents, collection: str, wanted: Range) -> int:
        raise DocumentsError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Documents, "delete", dies)
        with pytest.raises(DocumentsError):
            await shop.pruner(documents=400).step(shop.now)
    assert await shop.left(0) == 900
    assert (await shop.auditor().audit()).closed
    after = shop.pruner(documents=400)
    assert await shop.all_steps(after) == 0
    assert await after.sweep() == 500
    assert await shop.left(0) == 400
    books = await shop.auditor().audit()
    assert books.closed
    assert (books.stored, books.purged) == (900, 500)


async def test_several_at_once_and_a_purge_count_every_document_once(shop: Shop) -> None:
    for partition in range(3):
        await shop.store(partition, WINDOW + 700, shop.now - HOUR)
    pruners = [shop.pruner(documents=1_000) for _ in range(3)]
    works = [shop.all_steps(pruner) for pruner in pruners]
    await asyncio.gather(*works, purge(shop.rig.name, shop.rig.redis, shop.rig.documents))
    for pruner in pruners:
        await pruner.sweep()
    books = await shop.auditor().audit()
    assert books.closed
    assert books.stored == books.purged == 3 * (WINDOW + 700)
    assert [await shop.left(partition) for partition in range(3)] == [0, 0, 0]


async def test_the_books_stay_right_while_documents_go(shop: Shop) -> None:
    for partition in range(3):
        await shop.store(partition, 3 * WINDOW, shop.now - HOUR)
    auditor = shop.auditor()
    await auditor.audit()
    pruning = asyncio.create_task(shop.all_steps(shop.pruner(documents=500)))
    audits = 0
    while not pruning.done() or not audits:
        books = await auditor.audit()
        assert (books.lost, books.doubled, books.stored) == (0, 0, 9 * WINDOW)
        audits += 1
    assert await pruning == 9 * WINDOW - 500
    assert await auditor.found() == 500


async def test_a_lost_document_is_still_seen_after_its_neighbours_went(shop: Shop) -> None:
    await shop.store(0, 1_000, shop.now - HOUR)
    assert await shop.rig.documents.delete(shop.logs, Range(shop.tp(0), 10, 14)) == 4
    await shop.all_steps(shop.pruner(documents=300))
    assert (await shop.auditor().audit()).lost == 4


async def test_counters_are_not_rebuilt_from_what_is_left(shop: Shop) -> None:
    rig = shop.rig
    await shop.store(0, 500, shop.now - HOUR)
    await shop.all_steps(shop.pruner(documents=100))
    with pytest.raises(PurgedError):
        await rebuild(rig.scenario, rig.redis, rig.documents, rig.offsets)
    found = [name async for name in rig.redis.scan_iter(match=f"{{{rig.name}}}:*")]
    await rig.redis.delete(*found)
    assert (await read_committed(rig.redis, rig.name)).low_watermarks == {}
    with pytest.raises(PurgedError):
        await rebuild(rig.scenario, rig.redis, rig.documents, rig.offsets)


async def test_rejected_records_have_the_same_bounds_and_the_books_still_close(shop: Shop) -> None:
    rig, shelf = shop.rig, keys.rejected_collection(shop.rig.name)
    await shop.store(0, 300, shop.now)
    topic = keys.rejected_topic(rig.name)
    topic_id = (await rig.offsets.topic(topic)).id
    tp, field = (
        keys.partition_id(topic_id, 1),
        keys.committed_field(keys.consumer_group(rig.name), topic, topic_id, 1),
    )
    ages = [shop.now - HOUR] * 400 + [shop.now] * 200
    await rig.documents.insert(shelf, [document(tp, o, at) for o, at in enumerate(ages)])
    prepared = PreparedBatch(tp, -1, len(ages) - 1)
    prepared.totals["refused"] = len(ages)
    assert (await Counting(rig.redis, rig.name).count([(field, prepared)]))[0].counted

    def pruner(keep: Keep) -> Pruner:
        return Pruner(rig.name, rig.redis, rig.documents, keep, rejected=True)

    everything = Range(tp, -1, len(ages))
    assert await shop.all_steps(pruner(Keep(documents=500))) == 100
    assert await rig.documents.count(shelf, everything) == 500
    assert await shop.all_steps(pruner(Keep(seconds=60))) == 300
    assert await rig.documents.count(shelf, everything) == 200
    totals = (await read_committed(rig.redis, rig.name)).totals
    assert (totals.refused, totals.forgotten, totals.purged) == (600, 400, 0)
    books = await shop.auditor().audit()
    assert books.closed
    assert (books.rejected, books.stored) == (600, 300)
    assert await shop.left(0) == 300
    with pytest.raises(PurgedError):
        await rebuild(rig.scenario, rig.redis, rig.documents, rig.offsets)


def test_a_cut_takes_whole_records_and_nothing_behind_one_that_stays() -> None:
    window = Range("t:0", 9, 20)
    ages = [Age(10, 5), Age(11, 5), Age(11, 5), Age(13, 9), Age(14, 5)]
    assert cut(window, ages, 0, 9) == (Range("t:0", 9, 12), 3)
    assert cut(window, ages, 2, 0) == (Range("t:0", 9, 10), 1)
    assert cut(window, ages, 3, 0) == (Range("t:0", 9, 12), 3)
    assert cut(window, ages, 9, 0) == (window, 5)
    assert cut(window, [], 1, 0) == (window, 0)
