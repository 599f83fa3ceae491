"""The committed offset script, in a real Redis."""

from __future__ import annotations

import asyncio

from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from services.queues.batch import Verdict
from tests.consumer.rig import Rig
from wire import keys


def prepared(expected: int, last: int, votes: int) -> PreparedBatch:
    made = PreparedBatch("T:0", expected, last)
    made.tallies["hash", "votes", "a:b"] = votes
    made.totals["counted"] = votes
    return made


async def counted(rig: Rig) -> tuple[object, object, object]:
    """Votes, counted events and committed offset as Redis holds them."""
    return (
        await rig.redis.hget(keys.counter_key(rig.name, "votes"), "a:b"),
        await rig.redis.hget(keys.books_key(rig.name), "counted"),
        await rig.redis.hget(keys.committed_key(rig.name), "f"),
    )


async def test_counters_and_fence_move_together(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    assert await counting.committed_offsets(["f"]) == [-1]
    assert await counting.count([("f", prepared(-1, 9, 10))]) == [Verdict(True, 9, 0)]
    # offsets may have holes: what matters is the committed offset that the records follow
    assert await counting.count([("f", prepared(9, 50, 5))]) == [Verdict(True, 50, 0)]
    assert await counting.committed_offsets(["f"]) == [50]
    assert await counted(bands) == ("15", "15", "50")


async def test_the_same_records_are_counted_once(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    await counting.count([("f", prepared(-1, 9, 10))])
    assert await counting.count([("f", prepared(-1, 9, 10))]) == [Verdict(False, 9, 0)]
    assert await counted(bands) == ("10", "10", "9")


async def test_a_batch_that_overlaps_the_fence_is_refused_whole(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    await counting.count([("f", prepared(-1, 9, 10))])
    assert await counting.count([("f", prepared(4, 14, 10))]) == [Verdict(False, 9, 0)]


async def test_a_redis_that_forgot_records_makes_them_come_again(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    await counting.count([("f", prepared(-1, 9, 10))])
    assert await counting.count([("f", prepared(19, 29, 10))]) == [Verdict(False, 9, 0)]
    assert await counted(bands) == ("10", "10", "9")


async def test_of_two_owners_at_once_one_counts(bands: Rig) -> None:
    owners = [Counting(bands.redis, bands.name) for _ in range(8)]
    verdicts = await asyncio.gather(
        *(owner.count([("f", prepared(-1, 9, 10))]) for owner in owners)
    )
    assert sorted(verdict.counted for (verdict,) in verdicts) == [False] * 7 + [True]
    assert await counted(bands) == ("10", "10", "9")


async def test_partitions_are_judged_one_by_one(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    await counting.count([("f", prepared(-1, 9, 10))])
    both = [("f", prepared(-1, 9, 10)), ("g", prepared(-1, 3, 4))]
    assert await counting.count(both) == [Verdict(False, 9, 0), Verdict(True, 3, 0)]
    assert (await counted(bands))[0] == "14"


async def test_a_redis_that_lost_the_script_gets_it_again(bands: Rig) -> None:
    counting = Counting(bands.redis, bands.name)
    await counting.count([("f", prepared(-1, 9, 10))])
    # SCRIPT FLUSH would hit everybody on this Redis, so the counting is told a wrong digest
    counting._sha = "0" * 40
    assert (await counting.count([("f", prepared(9, 19, 10))]))[0].counted
    assert await counted(bands) == ("20", "20", "19")


async def test_a_key_of_another_type_does_not_stop_the_fence(bands: Rig) -> None:
    await bands.redis.set(keys.counter_key(bands.name, "votes"), "text")
    verdicts = await Counting(bands.redis, bands.name).count([("f", prepared(-1, 9, 10))])
    assert verdicts == [Verdict(True, 9, 1)]
    assert await bands.redis.hget(keys.committed_key(bands.name), "f") == "9"
