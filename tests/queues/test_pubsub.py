"""The queue `pubsub`: at most once, and sent, delivered and lost are exact."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from services.consumer.stores import storing
from services.queues.batch import Abandoned, Batch, Verdict
from services.queues.packed import Message, pack
from services.queues.port import Entry
from services.queues.pubsub import receiver as receivers
from services.queues.pubsub.group import Group, Report, Source
from services.queues.pubsub.held import Held, Hole, Piece
from services.queues.pubsub.receiver import PubsubReceiver
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Liveness, ReadinessGate
from services.shared.settings import Settings
from tests.conftest import Engines
from tests.queues.pipeline import CONSUMER, HTTP, PATIENCE, Pipeline, pipeline_of, post, values
from tests.waiting import until
from wire import keys
from wire.batches import Unreadable
from wire.queues.pubsub.names import channel_of, members_key, numbers
from wire.ranges import Range


@pytest.fixture
async def pubsub(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[Pipeline]:
    async with pipeline_of("pubsub", engines, make_scenario, tmp_path) as made:
        yield made


async def test_what_nobody_hears_is_lost_and_counted(pubsub: Pipeline) -> None:
    events = pubsub.events(200)
    producer = await pubsub.begin(HTTP)
    await post(producer, events[:3])
    told = await pubsub.handled(acknowledged=3)
    assert (told["sent"], told["delivered"], told["lost"]) == (3, 0, 3)

    # each gets all of it, and it is counted once
    consumers = [await pubsub.begin(CONSUMER) for _ in range(3)]
    for n in range(3, 103, 10):
        await post(producer, events[n : n + 10])
    await post(producer, {"name": "nobody"}, 422)
    told = await pubsub.handled(acknowledged=103, counted=100, rejected=1)
    assert (told["sent"], told["delivered"], told["stored"]) == (103, 100, 100)
    assert (told["lost"], told["missing"], told["doubled"]) == (3, 0, 0)
    assert values([each["event"] for each in await pubsub.stored()]) == values(events[3:103])

    # whoever counts them is killed; the others have them too
    for consumer in consumers[:2]:
        consumer.process.send_signal(signal.SIGSTOP)
    await post(producer, events[103:113])
    for consumer in consumers[:2]:
        consumer.end(signal.SIGKILL)
    told = await pubsub.handled(acknowledged=113, counted=110)
    assert (told["lost"], told["doubled"]) == (3, 0)

    # what it has heard and not counted when it dies is lost with it, whatever its producer does
    consumers[2].process.send_signal(signal.SIGSTOP)
    await post(producer, events[113:118])
    consumers[2].end(signal.SIGKILL)
    told = await pubsub.handled(acknowledged=118, lost=8)
    await pubsub.begin(CONSUMER)
    await post(producer, events[118:120])
    told = await pubsub.handled(acknowledged=120, counted=112, lost=8)
    assert (told["sent"], told["delivered"], told["missing"]) == (120, 112, 0)
    assert (await pubsub.books()).closed
    assert "8 of 120" in (await pubsub.books()).remark


async def test_a_subscription_that_is_cut_and_a_redis_that_forgets(pubsub: Pipeline) -> None:
    events = pubsub.events(40)
    producer, consumer = await pubsub.begin(HTTP), await pubsub.begin(CONSUMER)
    await post(producer, events[:10])
    await pubsub.handled(counted=10)
    channel = channel_of(pubsub.name, keys.events_topic(pubsub.name))

    async def subscribed() -> int:
        ((_, number),) = await pubsub.redis.pubsub_numsub(channel)
        return int(number)

    assert await subscribed() == 1
    for client in await pubsub.redis.client_list(_type="pubsub"):
        await pubsub.redis.client_kill_filter(_id=client["id"])
    await until(subscribed, "it subscribes again", PATIENCE)
    await post(producer, events[10:20])
    await pubsub.handled(counted=20, lost=0)

    async for key in pubsub.redis.scan_iter(match=f"{{{pubsub.name}}}:*", count=1000):
        if not key.endswith(":acknowledged"):
            await pubsub.redis.delete(key)
    # no place that was given is given once more
    await post(producer, events[20:])
    told = await pubsub.handled(counted=20, acknowledged=40)
    assert (told["sent"], told["delivered"], told["lost"]) == (20, 20, 0)
    assert (told["stored"], told["missing"], told["doubled"]) == (20, 0, 0)
    # what is of nobody's form is left out, and nothing stands still
    await pubsub.redis.publish(channel, "anything")
    await pubsub.redis.publish(channel, "somebody 0 3 no message")
    await post(producer, events[:5])
    told = await pubsub.handled(counted=25, rejected=3)
    assert (told["lost"], told["missing"]) == (0, 0)
    # one that leaves is not waited for
    assert await pubsub.redis.zcard(members_key(pubsub.name)) == 1
    assert consumer.end() == 0
    assert await pubsub.redis.zcard(members_key(pubsub.name)) == 0


async def test_what_was_stored_and_then_counted_as_lost_goes(pubsub: Pipeline) -> None:
    """One that dies, or stands still, between storing and counting, or before both."""
    producer, topic = await pubsub.begin(HTTP), keys.events_topic(pubsub.name)
    events = pubsub.events(6)
    await post(producer, events[:2])
    await post(producer, events[2])
    ((log, sent),) = (await numbers(pubsub.redis, pubsub.name, topic)).items()
    assert sent == (3, 0)
    entries = [Entry(json.dumps(event).encode(), []) for event in events[:2]]
    held = Held()
    held.add(Piece(0, 3, pack(Message(1, [*entries, Entry(b"no event", [])])), 0.0))
    batch = Batch(topic, log, 0, -1, 2, held.take(-1, 3))
    places = Range(f"{log}:0", -1, 2)

    async def there() -> list[int]:
        names = keys.logs_collection(pubsub.name), keys.rejected_collection(pubsub.name)
        return [await pubsub.documents.count(name, places) for name in names]

    async def gone() -> bool:
        return await there() == [0, 0]

    said = {"SCENARIO": str(pubsub._running.scenario), "POD_NAME": "slow", "POD_IP": "127.0.0.1"}
    said |= {"REDIS_URL": pubsub._url, "MONGO_URL": pubsub._running.engines.mongo}
    pulse = Liveness("loop", 600.0)
    async with storing(
        Settings.from_env(environ=said), pubsub.scenario, ReadinessGate, pulse
    ) as slow:
        prepared = [await slow.prepare(batch, lambda: False)]
        await slow.store(prepared, lambda: False)
        assert await there() == [2, 1]
        consumer = await pubsub.begin(CONSUMER)
        # it had told nobody what it holds, as one does not whose life is over
        told = await pubsub.handled(sent=3, lost=3, stored=0)
        assert (told["delivered"], told["missing"], told["doubled"]) == (0, 0, 0)
        await until(gone, "they are removed", PATIENCE)

        # it goes on, stores and is refused
        await slow.store(prepared, lambda: False)
        (verdict,) = await slow.count(prepared, lambda: False)
        assert not verdict.counted
        await until(gone, "it has removed them", PATIENCE)
        await slow.store(prepared, lambda: False)
    # killed before that; whoever comes in its place does it
    await pubsub.begin(CONSUMER)
    await until(gone, "another one has removed them", PATIENCE)
    await post(producer, events[3:])
    told = await pubsub.handled(sent=6, lost=3, counted=3, stored=3, doubled=0)
    assert (told["missing"], told["rejected"]) == (0, 0)
    assert consumer.end() == 0


def piece(first: int, records: int, since: float = 0.0) -> Piece:
    entries = [Entry(b"%d" % n, []) for n in range(first, first + records)]
    return Piece(first, records, pack(Message(1, entries)), since)


def test_messages_in_any_order_are_one_row_of_records() -> None:
    held = Held()
    for each in (piece(4, 2), piece(0, 2), piece(4, 2), piece(9, 1)):
        held.add(each)
    assert (held.range, held.hole(-1)) == (Hole(0, 10), None)
    assert [record.offset for record in held.take(-1, 100)] == [0, 1]
    held.forget(1)
    assert held.hole(1) == Hole(2, 4)
    held.add(piece(2, 2))
    assert [record.value for record in held.take(1, 100)] == [b"2", b"3", b"4", b"5"]
    assert [record.offset for record in held.take(4, 1)] == [5]
    held.forget(9)
    assert (held.range, held.bytes) == (None, 0)
    held.add(Piece(10, 3, b"no message", 0.0))
    (unread,) = held.take(9, 100)
    assert isinstance(unread, Unreadable)
    assert (unread.first, unread.offset) == (10, 12)


class Counter:
    """A sink that counts as the stores do, of one producer."""

    def __init__(self) -> None:
        self.committed = -1
        self.counted: list[tuple[int, int]] = []
        """Records and gaps."""

    async def committed_offsets(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        return [self.committed for _ in fields]

    async def prepare(self, batch: Batch, abandoned: Abandoned) -> Batch:
        return batch

    async def store(self, prepared: Sequence[Batch], abandoned: Abandoned) -> None:
        return None

    async def count(self, prepared: Sequence[Batch], abandoned: Abandoned) -> list[Verdict]:
        (batch,) = prepared
        if batch.expected != self.committed:
            return [Verdict(False, self.committed, 0)]
        self.committed = batch.last
        self.counted.append((len(batch.records), batch.gaps))
        return [Verdict(True, batch.last, 0)]


class Others:
    """The other subscribers, as a test has them."""

    def __init__(self) -> None:
        self.sent: dict[Source, int] = {}
        self.mine = True
        self.clear = True

    def is_mine(self, source: Source) -> bool:
        return self.mine

    def nobody_has(self, source: Source, hole: Hole) -> bool:
        return self.clear


class Clock:
    """A time that a test moves."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Subscriber:
    """One of them, whose connection and others a test has in its hands."""

    def __init__(self) -> None:
        self.sink, self.others = Counter(), Others()
        near = Dependency(ReadinessGate("redis"), Liveness("loop", 60.0), (OSError,), Busy())
        self.one: Any = PubsubReceiver("bands", cast(Any, None), cast(Any, self.others), near)
        self.topic = keys.events_topic("bands")
        self.source = Source(self.topic, "p")

    def comes(self, each: Piece) -> None:
        data = b"p %d %d %s" % (each.first, each.records, each.data)
        channel = channel_of("bands", self.topic).encode()
        self.one._take({"type": "message", "channel": channel, "data": data})
        self.sent(each.last + 1)

    def sent(self, upto: int) -> None:
        self.others.sent[self.source] = max(self.others.sent.get(self.source, 0), upto)

    def asks(self, name: bytes) -> None:
        """How far everything was read, of what is published now."""
        self.one._asked[name] = dict(self.others.sent)

    def answered(self, name: bytes) -> None:
        self.one._take({"type": "pong", "data": name})

    async def looks(self) -> list[tuple[int, int]]:
        """What it has counted until now, after the word of the others."""
        self.one._beaten = True
        await self.one._judge(self.sink, lambda: False)
        await self.one._work(self.sink, lambda: False)
        return self.sink.counted


async def test_what_is_missing_is_lost_when_everybody_has_read_past_it() -> None:
    this = Subscriber()
    this.comes(piece(0, 2))
    this.comes(piece(4, 2))
    assert await this.looks() == [(2, 0)]
    this.asks(b"1")
    assert await this.looks() == [(2, 0)]
    # late, and before the answer: nothing is lost
    this.comes(piece(2, 2))
    this.answered(b"1")
    assert await this.looks() == [(2, 0), (4, 0)]
    # another one has it, or has not read so far
    this.comes(piece(8, 1))
    this.asks(b"2")
    this.answered(b"2")
    this.others.clear = False
    assert len(await this.looks()) == 2
    this.others.clear = True
    assert (await this.looks())[2:] == [(0, 2), (1, 0)]
    # nothing comes after it, and it is lost all the same
    this.sent(12)
    this.asks(b"3")
    assert len(await this.looks()) == 4
    this.sent(20)
    this.answered(b"3")
    assert (await this.looks())[4:] == [(0, 3)]
    assert this.sink.committed == 11


async def test_what_another_one_does_not_count_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, this = Clock(), Subscriber()
    monkeypatch.setattr(receivers, "time", clock)
    this.others.mine = False
    this.comes(piece(0, 1))
    assert await this.looks() == []
    clock.now += receivers.TAKE_OVER + 1
    assert await this.looks() == [(1, 0)]


def test_all_others_have_to_have_read_past_what_is_missing() -> None:
    group = Group("bands", Redis(), "me")
    source, hole = Source("t", "p"), Hole(3, 5)

    def says(*reports: Report | None) -> bool:
        group._others = [*reports]
        return group.nobody_has(source, hole)

    name = source.name
    assert says()
    assert says(Report({}, {name: 5}), Report({name: Hole(5, 9)}, {name: 9}))
    assert not says(Report({}, {name: 5}), None)
    assert not says(Report({}, {name: 4}))
    assert not says(Report({}, {}))
    assert not says(Report({name: Hole(4, 6)}, {name: 9}))
