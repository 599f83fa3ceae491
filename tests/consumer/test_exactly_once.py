"""Every event once, whatever is killed: real processes on real engines."""

from __future__ import annotations

from collections import Counter

from aiokafka.admin import NewPartitions

from services.queues.kafka.loop import BATCH
from tests.consumer.rig import Rig, Service, delete_topics
from tests.topics import topics_admin
from tests.waiting import until
from wire import keys
from wire.committed import read_committed
from wire.topics import ensure_topics

EVENTS = 4 * BATCH


async def counted(rig: Rig) -> int:
    """Events counted so far."""
    return (await read_committed(rig.redis, rig.name)).totals.counted


async def killed_in_the_middle(rig: Rig, service: Service, after: int) -> None:
    """Kills a consumer once it has counted more than `after` events and has more to do."""

    async def busy() -> bool:
        return after < await counted(rig) < EVENTS

    await until(busy, "a consumer in the middle of its work", timeout=60, every=0.005)
    service.kill()
    await service.process.wait()


async def test_nothing_is_lost_or_doubled_when_consumers_are_killed(bands: Rig) -> None:
    events = bands.events(EVENTS)
    first, second = await bands.consumer("consumer-0"), await bands.consumer("consumer-1")
    for service in (first, second):
        await until(service.ready, "a consumer that is ready")
    ids = await bands.produce(events[: EVENTS // 2])
    await killed_in_the_middle(bands, first, 0)
    await bands.consumer("consumer-2")
    ids += await bands.produce(events[EVENTS // 2 :], first=EVENTS // 2)
    await killed_in_the_middle(bands, second, EVENTS // 4)
    books = await bands.settled(EVENTS)
    assert books.closed
    assert books.counted == books.stored == books.kafka == EVENTS
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)
    stored = Counter(document["id"] for document in await bands.logs())
    assert stored == Counter(ids)


async def test_a_partition_added_under_way_breaks_neither_order_nor_books(bands: Rig) -> None:
    first = await bands.consumer("consumer-0")
    await until(first.ready, "a consumer that is ready")
    events = bands.events(EVENTS)
    half, wider = EVENTS // 2, keys.PARTITIONS + 2
    ids = await bands.produce(events[:half])
    async with topics_admin(bands.engines.kafka) as admin:
        await admin.create_partitions({bands.topic: NewPartitions(wider)})

    async def widened() -> bool:
        # the controller answers before the broker knows, so one question may be too early
        await bands.producer.client.force_metadata_update()
        return len(await bands.producer.partitions_for(bands.topic)) == wider

    await until(widened, "a producer that knows the new partitions")
    ids += await bands.produce(events[half:], first=half, partitions=wider)
    await bands.consumer("consumer-1")
    books = await bands.settled(EVENTS)
    assert books.closed
    assert books.counted == books.stored == books.kafka == EVENTS
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)
    logs = await bands.logs()
    assert Counter(document["id"] for document in logs) == Counter(ids)
    by_partition: dict[str, list[tuple[int, int]]] = {}
    for document in logs:
        position = (document["o"], int(document["id"][1:]))
        by_partition.setdefault(document["tp"], []).append(position)
    assert len(by_partition) == wider
    # offsets without a gap, and along them the events in the order in which they were sent
    for positions in by_partition.values():
        assert [offset for offset, _ in sorted(positions)] == list(range(len(positions)))
        assert [sent for _, sent in sorted(positions)] == sorted(sent for _, sent in positions)


async def test_two_members_share_the_work_and_leave_cleanly(bands: Rig) -> None:
    first, second = await bands.consumer("consumer-0"), await bands.consumer("consumer-1")
    group = f"{bands.name}-store"

    async def joined(*names: str) -> bool:
        return await bands.offsets.members(group) == list(names)

    await until(lambda: joined("consumer-0", "consumer-1"), "a group of two")
    events = bands.events(2 * BATCH)
    await bands.produce(events[:BATCH])
    assert await first.stop() == 0
    # a member that leaves says so: its session would last for six seconds more
    assert "consumer-0" not in await bands.offsets.members(group)
    await until(lambda: joined("consumer-1"), "a group of one")
    await bands.produce(events[BATCH:], first=BATCH)
    assert (await bands.settled(2 * BATCH)).closed
    assert await second.stop() == 0
    lag = await bands.offsets.lag(group, bands.topic)
    assert sum(lag.values()) == 0
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(events)


async def test_a_topic_made_anew_under_a_consumer_starts_at_its_beginning(bands: Rig) -> None:
    old, new = bands.events(3_000, seed=1), bands.events(1_200, seed=2)
    service = await bands.consumer()
    await bands.produce(old)
    await bands.settled(len(old))
    await delete_topics(bands, [bands.topic])
    await ensure_topics(bands.engines.kafka, bands.name)
    await bands.producer.client.force_metadata_update()
    await bands.produce(new, first=len(old))
    books = await bands.settled(len(old) + len(new))
    assert books.closed
    assert books.stored == len(old) + len(new)
    assert await bands.tallies(["votes", "rank"]) == bands.tallied(old + new)
    assert await service.stop() == 0


async def test_a_redis_that_lost_the_counters_gets_them_again(bands: Rig) -> None:
    events = bands.events(2_000)
    await bands.consumer()
    await bands.produce(events)
    await bands.settled(len(events))
    async for key in bands.redis.scan_iter(match=f"{{{bands.name}}}:*", count=1000):
        await bands.redis.delete(key)
    await bands.produce(bands.events(1), first=len(events))

    async def counted_again() -> bool:
        return await counted(bands) in (501, 1_001, 1_501, 2_001)

    # only the partition that gets a record is looked at again, and others where the machine was
    # busy for so long that the group was made anew
    await until(counted_again, "whole partitions are counted from their beginning")
    assert (await bands.books()).doubled == 0
