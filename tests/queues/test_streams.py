"""The queue `streams`: in a stream when acknowledged, counted once whoever dies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from services.queues.batch import Abandoned
from services.queues.gathering import GatheringPublisher, Room
from services.queues.port import Entry
from services.queues.streams.generations import Topic
from services.queues.streams.publisher import gatherings
from services.queues.streams.receiver import StreamsReceiver
from services.queues.streams.share import Share
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Liveness, ReadinessGate
from tests.conftest import Engines
from tests.queues.pipeline import CONSUMER, HTTP, PATIENCE, Pipeline, pipeline_of, post, values
from tests.waiting import until
from wire import keys
from wire.queues.streams import names
from wire.stores import redis_client


@pytest.fixture
async def streams(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[Pipeline]:
    async with pipeline_of("streams", engines, make_scenario, tmp_path) as made:
        yield made


async def lag(pipeline: Pipeline) -> Any:
    """Partitions that wait, and members."""
    found = pipeline.kind.lag(pipeline.name, lambda _: pipeline._url)
    assert found is not None
    try:
        return await found.waiting(), await found.members(), await found.end()
    finally:
        await found.close()


async def pending(pipeline: Pipeline) -> int:
    """Entries that somebody has read and not counted."""
    total = 0
    topic = keys.events_topic(pipeline.name)
    for each in await names.generations(pipeline.redis, pipeline.name, topic):
        for partition in each.ends:
            stream = names.stream_key(pipeline.name, each.id, partition)
            found = await pipeline.redis.xpending(stream, keys.consumer_group(pipeline.name))
            total += int(found["pending"])
    return total


async def held(pipeline: Pipeline) -> int:
    """Entries that the streams have."""
    found = [key async for key in pipeline.redis.scan_iter(f"{{{pipeline.name}}}:queue:*")]
    kinds = [await pipeline.redis.type(key) for key in found]
    streams = [key for key, kind in zip(found, kinds, strict=True) if kind == "stream"]
    return sum([await pipeline.redis.xlen(key) for key in streams])


async def test_a_member_that_is_killed_with_entries_in_hand(streams: Pipeline) -> None:
    events = streams.events(240)
    producer = await streams.begin(HTTP)
    for n in range(0, 120, 20):
        await post(producer, events[n : n + 20])

    async def all_of_it() -> bool:
        told = await streams.figures()
        return (told["acknowledged"], told["streams"], told["in_flight"]) == (120, 120, 120)

    await until(all_of_it, "all are in the streams", PATIENCE)
    waiting, members, end = await lag(streams)
    assert (sum(waiting.values()), len(waiting), members, end) == (120, keys.PARTITIONS, 0, 120)

    # it gets so far that it has read everything, and cannot store it
    away = "mongodb://127.0.0.1:1/?directConnection=true"
    consumer = await streams._running.start(
        CONSUMER, ready=False, KAFKA_BOOTSTRAP="", MONGO_URL=away
    )
    consumer.end(signal.SIGKILL)
    first = await streams.begin(CONSUMER)
    await streams.handled(counted=120)
    # stopped in the middle of an event's way: it has entries, and their documents in part
    first.process.send_signal(signal.SIGSTOP)
    for n in range(120, 240, 20):
        await post(producer, events[n : n + 20])
    first.end(signal.SIGKILL)
    others = [await streams.begin(CONSUMER) for _ in range(2)]
    await post(producer, {"name": "nobody"}, 422)
    told = await streams.handled(counted=240, rejected=1)
    assert (told["acknowledged"], told["streams"], told["stored"]) == (240, 240, 240)
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert values([each["event"] for each in await streams.stored()]) == values(events)
    # trimmed behind the committed offset; both members live and share the partitions
    await until(lambda: _empty(streams), "the streams are trimmed", PATIENCE)
    assert (await lag(streams))[1] == 2
    assert [consumer.end() for consumer in others] == [0, 0]
    assert (await lag(streams))[1] == 0


async def _empty(pipeline: Pipeline) -> bool:
    return not await held(pipeline) and not await pending(pipeline)


async def test_entries_in_the_hand_of_a_dead_member_are_claimed(streams: Pipeline) -> None:
    """Made certain: somebody reads all there is, as a member does, and is never seen again."""
    events = streams.events(60)
    producer = await streams.begin(HTTP)
    for n in range(0, 60, 10):
        await post(producer, events[n : n + 10])
    topic = keys.events_topic(streams.name)
    (generation,) = await names.generations(streams.redis, streams.name, topic)
    assert await steal(streams) == await pending(streams) == await held(streams)
    # its lease has not run out either
    for p in generation.ends:
        await streams.redis.set(names.lease_key(streams.name, generation.id, p), "dead", px=1_500)
    member = await streams.begin(CONSUMER)
    told = await streams.handled(counted=60, lost=0, doubled=0)
    assert told["stored"] == 60

    # one that lives is read past: what it misses it claims, though nothing comes after it
    member.process.send_signal(signal.SIGSTOP)
    sent = 60

    async def stolen() -> bool:
        # its last question waits in Redis for a moment yet, and has the first of them
        nonlocal sent
        sent += 1
        await post(producer, events[0])
        return bool(await steal(streams))

    await until(stolen, "somebody reads past it", PATIENCE)
    member.process.send_signal(signal.SIGCONT)
    assert (await streams.handled(counted=sent, lost=0))["doubled"] == 0


async def steal(pipeline: Pipeline) -> int:
    """Reads all that nobody has read, as a member does that is never seen again; the entries."""
    group, topic = keys.consumer_group(pipeline.name), keys.events_topic(pipeline.name)
    (generation,) = await names.generations(pipeline.redis, pipeline.name, topic)
    places = [names.stream_key(pipeline.name, generation.id, p) for p in generation.ends]
    async with Redis.from_url(pipeline._url) as raw:
        read: Any = await raw.xreadgroup(group, "dead", dict.fromkeys(places, ">"))
    return sum(len(entries) for _, entries in read)


async def test_a_redis_that_starts_again_and_one_that_is_emptied(streams: Pipeline) -> None:
    events = streams.events(50)
    producer, _ = await streams.begin(HTTP), await streams.begin(CONSUMER)
    await post(producer, events[:10])
    await streams.handled(counted=10)
    topic = keys.events_topic(streams.name)
    (before,) = await names.generations(streams.redis, streams.name, topic)

    # as a Redis that was started again: what it keeps in memory only is gone
    await streams.redis.script_flush()
    await post(producer, events[10:20])
    await streams.handled(counted=20, lost=0, doubled=0)

    async def one() -> Any:
        found = await names.generations(streams.redis, streams.name, topic)
        return found if len(found) == 1 and found[0].id != before.id else None

    # no place of the one before is given out once more; it is gone with its last event
    await until(one, "the generation before is removed", PATIENCE)
    places = {each["_id"] for each in await streams.stored()}
    assert len(places) == 20

    async for key in streams.redis.scan_iter(match=f"{{{streams.name}}}:*", count=1000):
        if not key.endswith(":acknowledged"):
            await streams.redis.delete(key)
    await post(producer, events[20:30])
    told = await streams.handled(acknowledged=30, counted=10)
    assert (told["lost"], told["doubled"], told["stored"]) == (20, 0, 10)
    await streams.kind.rebuild(streams.scenario, streams.documents, streams.where)
    await post(producer, events[30:])
    told = await streams.handled(acknowledged=50, counted=50)
    assert (told["lost"], told["doubled"], told["stored"]) == (0, 0, 50)


async def test_what_somebody_removes_is_lost_and_what_follows_is_not(streams: Pipeline) -> None:
    events = streams.events(keys.PARTITIONS + 5)
    producer = await streams.begin(HTTP)
    for event in events[:-5]:
        await post(producer, event)
    topic = keys.events_topic(streams.name)
    (generation,) = await names.generations(streams.redis, streams.name, topic)
    full = [p for p, upto in generation.ends.items() if upto]
    await streams.redis.xtrim(
        names.stream_key(streams.name, generation.id, full[0]), maxlen=0, approximate=False
    )
    await streams.begin(CONSUMER)
    await post(producer, events[-5:])
    gone = generation.ends[full[0]]
    told = await streams.handled(acknowledged=len(events), counted=len(events) - gone, lost=gone)
    assert (told["streams"], told["doubled"]) == (len(events), 0)


async def test_what_is_no_event_is_kept_and_nothing_stands_still(streams: Pipeline) -> None:
    await streams.begin(CONSUMER)
    producer = await streams.begin(HTTP)
    topic = keys.events_topic(streams.name)
    (generation,) = await names.generations(streams.redis, streams.name, topic)
    # in every partition: what cannot be read, at the next place and nowhere
    for p in generation.ends:
        stream = names.stream_key(streams.name, generation.id, p)
        await streams.redis.xadd(stream, {"n": "3", "e": "no message"}, id="0-1")
        await streams.redis.xadd(stream, {"anything": "else"})
    events = streams.events(12 * keys.PARTITIONS)
    for n in range(0, len(events), 12):
        await post(producer, events[n : n + 12])
    bad = 3 * keys.PARTITIONS
    told = await streams.handled(counted=len(events), rejected=bad)
    assert (told["acknowledged"], told["streams"]) == (len(events), len(events) + bad)
    assert (told["lost"], told["doubled"]) == (0, 0)


async def test_what_waits_is_bounded_and_a_repetition_counts_once(streams: Pipeline) -> None:
    """Of the publisher alone: a group that is sent again is there once."""
    redis = redis_client(streams._url)
    topic = Topic(streams.name, keys.events_topic(streams.name), redis)
    assert await topic.publish(3, "me", 1, 2, b"x" * 100, 150) == 0
    assert await topic.publish(3, "me", 1, 2, b"x" * 100, 150) == 0
    assert (await lag(streams))[0][3] == 2
    # more than may wait, though another partition takes it
    assert await topic.publish(3, "me", 2, 1, b"x" * 100, 150) == 100
    assert await topic.publish(4, "me", 3, 1, b"x" * 100, 150) == 0
    # also where Redis has started again in between
    await redis.script_flush()
    assert await topic.publish(3, "me", 1, 2, b"x" * 100, 150) == 0
    assert (await lag(streams))[0][3] == 2
    assert await held(streams) == 2

    publisher = GatheringPublisher(gatherings(streams.name, redis, Room()))
    name = keys.events_topic(streams.name)
    sent = [publisher.publish(name, [Entry(b"%d" % n, [])], 5) for n in range(30)]
    await asyncio.gather(*sent)
    assert (await lag(streams))[0][5] == 30
    await publisher.close()
    await redis.aclose()


async def test_what_is_counted_late_leaves_nothing_of_a_generation_that_is_gone(
    streams: Pipeline,
) -> None:
    """Whoever has counted its last event may come to forget it after another one has removed it."""
    async with Redis.from_url(streams._url) as redis:
        topic = Topic(streams.name, keys.events_topic(streams.name), redis)
        assert await topic.publish(3, "me", 1, 1, b"x", 150) == 0
        await redis.script_flush()
        assert await topic.publish(3, "me", 2, 1, b"x", 150) == 0
        share = Share(streams.name, redis, "me")
        await share.beat()
        ((gone, parts),) = share.old.items()
        field = parts[3].field(streams.name)
        await redis.hset(keys.committed_key(streams.name), field, 0)
        await share.remove(*gone)
        async with redis.pipeline(transaction=False) as pipe:
            share.forget(pipe, parts[3], 0, 1, [b"0-1"])
            # nor does it forget what is not counted
            share.forget(pipe, parts[4], 0, 1, [b"0-1"])
            assert await pipe.execute() == [1, 0]
        assert not await redis.exists(names.generation_key(streams.name, gone[1]))


class Unused:
    """A sink of which nothing was counted, and that is given nothing."""

    async def committed_offsets(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        return [-1 for _ in fields]


async def test_what_redis_forgets_between_two_looks_is_not_counted_as_lost(
    streams: Pipeline,
) -> None:
    """The members know an end of the partition that Redis, started again, does not have."""
    near = Dependency(ReadinessGate("redis"), Liveness("loop", 60.0), (OSError,), Busy())
    async with Redis.from_url(streams._url) as redis:
        topic = Topic(streams.name, keys.events_topic(streams.name), redis)
        assert await topic.publish(3, "me", 1, 1, b"x", 150) == 0
        share = Share(streams.name, redis, "me")
        await share.beat()
        (part,) = (part for part, upto in share.ends.items() if upto)
        await redis.xtrim(part.stream(streams.name), maxlen=0, approximate=False)
        assert await share.emptied(part) == 1
        key = names.generation_key(streams.name, part.generation)
        await redis.hset(key, f"end:{part.number}", 0)
        receiver = StreamsReceiver(streams.name, redis, share, near)
        await receiver._claim(cast(Any, Unused()), part, lambda: False)
        assert receiver._owned[part].committed == -1
