"""The queue `pubsub`: at most once, and sent, delivered and lost are exact."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from services.queues.batch import Abandoned, Batch, Verdict
from services.queues.packed import Message, pack
from services.queues.port import Entry
from services.queues.pubsub import receiver as receivers
from services.queues.pubsub.group import Source
from services.queues.pubsub.held import Held, Hole, Piece
from services.queues.pubsub.receiver import PubsubReceiver
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Liveness, ReadinessGate
from tests.conftest import Engines
from tests.queues.pipeline import CONSUMER, HTTP, PATIENCE, Pipeline, pipeline_of, post, values
from tests.waiting import until
from wire import keys
from wire.batches import Unreadable
from wire.queues.pubsub.names import channel_of, members_key


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
        self.alone = True
        self.mine = True
        self.theirs: Hole | None = None

    async def beat(self, held: Mapping[Source, Hole]) -> None:
        return None

    def is_mine(self, source: Source) -> bool:
        return self.mine

    def is_held(self, source: Source, hole: Hole) -> bool:
        return self.theirs is not None and self.theirs.first < hole.end


class Clock:
    """A time that a test moves."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


async def test_what_is_missing_is_lost_when_nobody_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sink, others = Clock(), Counter(), Others()
    monkeypatch.setattr(receivers, "time", clock)
    near = Dependency(ReadinessGate("redis"), Liveness("loop", 60.0), (OSError,), Busy())
    one: Any = PubsubReceiver("bands", cast(Any, None), cast(Any, others), near)
    topic = keys.events_topic("bands")
    source = Source(topic, "p")

    def comes(each: Piece) -> None:
        data = b"p %d %d %s" % (each.first, each.records, each.data)
        channel = channel_of("bands", topic).encode()
        one._take({"type": "message", "channel": channel, "data": data})
        others.sent[source] = max(others.sent.get(source, 0), each.last + 1)

    async def pass_by(seconds: float) -> None:
        clock.now += seconds
        await one._round(sink, lambda: False)
        await one._work(sink, lambda: False)

    comes(piece(0, 2))
    comes(piece(4, 2))
    await pass_by(0.5)
    assert sink.counted == [(2, 0)]
    # late, within its time: nothing is lost
    comes(piece(2, 2))
    await pass_by(0.5)
    assert sink.counted == [(2, 0), (4, 0)]
    comes(piece(8, 1))
    others.theirs = Hole(6, 7)
    for _ in range(8):
        await pass_by(0.5)
    assert sink.committed == 5
    # whoever had it has gone
    others.theirs = None
    await pass_by(0.5)
    assert sink.counted[2:] == [(0, 2), (1, 0)]
    # nothing comes after it, and it is lost all the same
    others.sent[source] = 12
    for _ in range(6):
        await pass_by(0.5)
    assert (sink.counted[4:], sink.committed) == ([(0, 3)], 11)
    # another one's to count; it is counted here when that one does not
    others.mine = False
    comes(piece(12, 1))
    await pass_by(0.5)
    assert sink.committed == 11
    await pass_by(1.5)
    assert sink.committed == 12
