"""The queue `direct`: acknowledged means stored and counted, in the producer itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.consumer.left import Left
from services.consumer.stores import Prepared, Stores, storing
from services.queues.batch import Abandoned, Batch, Verdict
from services.queues.direct.publisher import DirectPublisher
from services.queues.port import Entry, Unavailable
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from tests.conftest import Engines
from tests.ports import free_port
from tests.queues.pipeline import HTTP, Pipeline, pipeline_of, post, values
from tests.waiting import until
from wire import keys
from wire.accounts import ACCOUNTS, login_of
from wire.ending import end
from wire.queues.registry import queue_kind
from wire.record import encode_rejected, headers


@pytest.fixture
async def direct(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[Pipeline]:
    async with pipeline_of("direct", engines, make_scenario, tmp_path) as made:
        yield made


async def test_what_was_acknowledged_survives_the_process(direct: Pipeline) -> None:
    producer = await direct.begin(HTTP)
    events = direct.events(60)
    sent = [post(producer, event) for event in events[:40]]
    await asyncio.gather(*sent, post(producer, events[40:]))
    # where another one would look for what it had not counted
    assert await direct.redis.hlen(f"{keys.queue_key(direct.name, 'direct')}:begun")
    producer.end(signal.SIGKILL)
    # nobody has come after it, and nothing is on its way
    assert values([each["event"] for each in await direct.stored()]) == values(events)
    books = await direct.books()
    assert (books.counted, books.stored, books.lost, books.doubled) == (60, 60, 0, 0)

    # its life was a log of its own; the count that it left is published by the next one
    producer = await direct.begin(HTTP)
    await post(producer, events[0], key="same")
    await post(producer, events[0], key="same")
    await post(producer, {"name": "nobody"}, 422)
    told = await direct.handled(acknowledged=62, repeated=1, rejected=1)
    assert (told["counted"], told["stored"], told["lost"], told["doubled"]) == (61, 61, 0, 0)
    assert (await direct.books()).closed


class Dying:
    """Stores whose process dies between storing and counting."""

    def __init__(self, stores: Stores) -> None:
        self.prepare, self.store = stores.prepare, stores.store

    async def count(self, prepared: Sequence[Prepared], abandoned: Abandoned) -> list[Verdict]:
        raise OSError("killed")


async def test_what_was_stored_by_a_publisher_that_died_before_it_counted_is_counted(
    direct: Pipeline,
) -> None:
    environ = {
        "SCENARIO": str(direct._running.scenario),
        "POD_NAME": "p",
        "POD_IP": "127.0.0.1",
        "REDIS_URL": direct._url,
        "MONGO_URL": direct._running.engines.mongo,
    }
    settings = Settings.from_env(environ=environ)
    events = direct.events(12)
    entries = [
        Entry(json.dumps(each).encode(), headers(f"e{n}", "http", True))
        for n, each in enumerate(events)
    ]
    topics = [keys.events_topic(direct.name), keys.rejected_topic(direct.name)]
    bad = Entry(encode_rejected("{}", [], "http"), headers("bad", "http", False))
    async with storing(
        settings, direct.scenario, Lifecycle(settings).beginning, Liveness("stores", 60)
    ) as stores:
        await stores.ensure(lambda: False)
        # a list of one, and a repetition in the same log
        dying = DirectPublisher(Dying(stores), direct.name, book=stores)  # type: ignore[arg-type]
        dying.connected.set()
        with pytest.raises(Unavailable):
            await dying.publish(topics[0], [*entries, entries[0]])
        with pytest.raises(Unavailable):
            await dying.publish(topics[1], [bad])
        books = await direct.books()
        assert (books.counted, books.stored, books.acknowledged) == (0, 0, 0)
        assert await direct.documents.last_offsets(keys.logs_collection(direct.name))
        # a publisher that lives is left alone, whatever lies in its logs
        living = Left(direct.scenario, direct.redis, direct.documents, stores._counting, 0.05, 0.3)
        await living.begin(topics[0], "living")
        task = asyncio.create_task(living.run())
        try:
            told = await direct.handled(counted=12, repeated=1, rejected=1)
        finally:
            await end([task])
        assert (told["stored"], told["lost"], told["doubled"], told["given"]) == (12, 0, 0, 13)
        begun = await direct.redis.hkeys(f"{keys.queue_key(direct.name, 'direct')}:begun")
        assert begun == [f"{topics[0]} living"]


async def test_redis_forgets_and_a_rebuild_counts_it_again(direct: Pipeline) -> None:
    producer = await direct.begin(HTTP)
    events = direct.events(30)
    await post(producer, events[:20])
    before = await direct.handled(acknowledged=20)
    await direct.redis.delete(
        keys.committed_key(direct.name), keys.books_key(direct.name), keys.marks_key(direct.name)
    )
    await post(producer, events[20:])
    told = await direct.handled(acknowledged=30)
    assert (told["lost"], told["doubled"]) == (20, 0)
    await direct.kind.rebuild(direct.scenario, direct.documents, direct.where)
    await post(producer, events[0])
    told = await direct.handled(acknowledged=31)
    assert (told["counted"], told["stored"], told["lost"], told["doubled"]) == (31, 31, 0, 0)
    assert before["lost"] == 0


async def test_a_store_that_is_away_is_said_and_nothing_is_acknowledged(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path
) -> None:
    nowhere = replace(engines, mongo=f"mongodb://127.0.0.1:{free_port()}")
    made = pipeline_of("direct", nowhere, make_scenario, tmp_path)
    async with made as direct:
        # never ready, as its store has never answered
        producer = await direct._running.start(
            HTTP, ready=False, KAFKA_BOOTSTRAP="", MONGO_URL=nowhere.mongo
        )

        async def answers() -> bool:
            try:
                async with httpx.AsyncClient() as client:
                    return bool(await client.get(producer.url("/openapi.json")))
            except httpx.TransportError:
                return False

        await until(answers, "its door is open", 60)
        answer = await post(producer, direct.events(1)[0], 503)
        assert answer.headers["retry-after"]
        assert not await direct.redis.exists(keys.committed_key(direct.name))
        counts = await direct.redis.hvals(keys.acknowledged_key(direct.name))
        assert sum(map(int, counts)) == 0


class SlowSink:
    """A sink that tells what it is given, and answers when it is let."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.let = asyncio.Semaphore(0)
        self.answers: list[Verdict | Exception] = []

    async def prepare(self, batch: Batch, abandoned: Abandoned) -> Batch:
        return batch

    async def store(self, prepared: Sequence[Batch], abandoned: Abandoned) -> None:
        self.batches += prepared
        await self.let.acquire()

    async def count(self, prepared: Sequence[Batch], abandoned: Abandoned) -> list[Verdict]:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return [answer]
        return [Verdict(True, batch.last, 0) for batch in prepared]


def publisher(sink: SlowSink, deadline: float = 30.0) -> DirectPublisher:
    made = DirectPublisher(sink, "bands", deadline=deadline)  # type: ignore[arg-type]
    made.connected.set()
    return made


TOPIC = keys.events_topic("bands")


def entry(n: int) -> Entry:
    return Entry(str(n).encode(), [])


async def test_requests_that_wait_are_stored_together() -> None:
    sink = SlowSink()
    direct = publisher(sink)
    first = asyncio.create_task(direct.publish(TOPIC, [entry(0)]))
    await until(lambda: sink.batches, "the first is under way")
    rest = [asyncio.create_task(direct.publish(TOPIC, [entry(n)])) for n in range(1, 51)]
    await asyncio.sleep(0)
    sink.let.release()
    sink.let.release()
    await asyncio.gather(first, *rest)
    assert [len(batch.records) for batch in sink.batches] == [1, 50]
    both = [record.offset for batch in sink.batches for record in batch.records]
    # each place of a process is a log; the offsets of each rise by one
    assert both in ([0, *range(50)], list(range(51)))
    await direct.close()


async def test_what_was_begun_is_finished_and_what_only_waited_is_not() -> None:
    sink = SlowSink()
    direct = publisher(sink, deadline=0.05)
    first = asyncio.create_task(direct.publish(TOPIC, [entry(0)], 1))
    await until(lambda: sink.batches, "the first is under way")
    second = asyncio.create_task(direct.publish(TOPIC, [entry(1)], 1))
    for task in (first, second):
        with pytest.raises(Unavailable):
            await task
    # nobody waits for what does not answer
    with pytest.raises(Unavailable, match="no answer"):
        await direct.publish(TOPIC, [entry(2)], 1)
    sink.let.release()
    sink.let.release()

    async def taken() -> bool:
        with contextlib.suppress(Unavailable):
            await direct.publish(TOPIC, [entry(2)], 1)
            return True
        return False

    # its place was given out, so it was counted; the other one never had a place
    await until(taken, "it answers again")
    assert [(b.expected, b.records[0].value) for b in sink.batches] == [(-1, b"0"), (0, b"2")]
    await direct.close()


async def test_a_place_that_may_be_taken_is_nobody_elses() -> None:
    sink = SlowSink()
    direct = publisher(sink)
    sink.let = asyncio.Semaphore(10)
    sink.answers = [OSError("broken"), Verdict(False, -1, 0)]
    with pytest.raises(Unavailable):
        await direct.publish(TOPIC, [entry(0)], 1)
    await direct.publish(TOPIC, [entry(1)], 1)
    begun, *again = sink.batches
    # refused because Redis has forgotten: the same place, behind what Redis knows
    assert [(b.expected, b.last) for b in again] == [(-1, 0), (-1, 0)]
    assert again[0].topic_id == again[1].topic_id != begun.topic_id
    await direct.close()


def test_only_publishers_that_store_have_the_login_of_the_consumer() -> None:
    names = [account.name for account in ACCOUNTS]
    assert [login_of(account, False) for account in ACCOUNTS] == names
    changed = [(a.name, login_of(a, True)) for a in ACCOUNTS if login_of(a, True) != a.name]
    assert changed == [("producer", "consumer")]
    assert (queue_kind("direct").stores, queue_kind("kafka").stores) == (True, False)
