"""The loop: reports, the way back after a failure, what it says meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
from aiokafka.errors import KafkaConnectionError
from pymongo.errors import AutoReconnect
from redis.exceptions import ConnectionError as RedisConnectionError

from controlroom.feeds import feed
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.errors import explain
from controlroom.feeds.feed import Feed
from controlroom.feeds.queues import QueuesSource
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.queues import Queues
from controlroom.model.samples import Failed, NoData, Report, Sample
from controlroom.targets.abilities import Unreachable
from tests.feeds.world import World, vote
from tests.waiting import until
from wire.documents import DocumentsError


class Scripted:
    """A source that does what its list says."""

    name = "queues"
    period = 0.001
    timeout = 0.05
    needs: tuple[str, ...] = ()

    def __init__(self, *script: Callable[[], Awaitable[object | None]]) -> None:
        self.script = list(script)
        self.opened = self.closed = 0

    async def open(self) -> None:
        self.opened += 1

    async def read(self) -> object | None:
        if not self.script:
            return None
        return await self.script.pop(0)()

    async def close(self) -> None:
        self.closed += 1


class Counting(Scripted):
    """Says the same until it is told to say something else."""

    def __init__(self) -> None:
        super().__init__()
        self.lag = self.asked = 0

    async def read(self) -> object | None:
        self.asked += 1
        return Queues("bands.events", "bands-consumer", 12, 2, self.lag, 100)


@contextlib.asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def lag() -> Queues:
    return Queues("t", "g", 1, 1, 5, 5)


async def away() -> None:
    raise Unreachable("The stack is down.", "controlroom up")


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_data_no_data_and_failure_are_three_answers() -> None:
    reports: list[Report] = []
    source = Scripted(lag, away, hangs)
    async with running(Feed(source, reports.append, clock=lambda: 50.0, first_pause=0.01)):
        await until(lambda: any(isinstance(r, NoData) for r in reports), "an empty answer")
    sample, first, second, *rest = reports
    assert isinstance(sample, Sample)
    assert isinstance(first, Failed)
    assert (first.error, first.fix) == ("The stack is down.", "controlroom up")
    assert isinstance(second, Failed)
    assert second.error == "Kafka did not answer in time"
    assert first.retry_at is not None
    assert 50.0 < first.retry_at <= 50.013
    assert isinstance(rest[0], NoData)
    assert (source.opened, source.closed) == (3, 3)


async def test_pauses_grow_and_hurry_ends_one() -> None:
    reports: list[Report] = []

    def reached(count: int) -> bool:
        return len(reports) == count

    feed = Feed(Scripted(*[away] * 50), reports.append, clock=lambda: 0.0, first_pause=2.0)
    async with running(feed):
        for count in (1, 2, 3, 4):
            await until(partial(reached, count), f"try {count}")
            feed.hurry()
    pauses = [r.retry_at for r in reports if isinstance(r, Failed) and r.retry_at is not None]
    for pause, nominal in zip(pauses, (2, 4, 8, 10), strict=False):
        assert nominal * 0.7 <= pause <= nominal * 1.3


async def test_a_source_finds_its_engine_again_at_another_address(bands: World) -> None:
    reports: list[Report] = []
    right = bands.engines.redis
    bands.target.move(redis="redis://127.0.0.1:9/0")
    endpoints = LiveEndpoints(bands.target)  # type: ignore[arg-type]
    feed = Feed(TalliesSource(endpoints.redis, bands.scenario), reports.append, first_pause=0.1)
    await bands.store([vote()])
    async with running(feed):
        await until(lambda: reports, "a report")
        assert isinstance(reports[0], Failed)
        assert reports[0].error == "Redis cannot be reached"
        bands.target.move(redis=right)
        await until(lambda: isinstance(reports[-1], Sample), "a sample")


async def test_the_lag_is_what_nobody_committed(bands: World) -> None:
    source = QueuesSource(bands.endpoints, bands.scenario)
    await source.open()
    await bands.produce([vote()] * 3, partition=2)
    found = await source.read()
    await source.close()
    assert found is not None
    assert (found.lag, found.end, found.partitions, found.members) == (3, 3, 12, 0)
    assert found.lag_by_partition[2] == 3


async def test_a_topic_that_was_never_made_is_no_data(bands: World) -> None:
    scenario = replace(bands.scenario, name=f"{bands.scenario.name}-not")
    source = QueuesSource(bands.endpoints, scenario)
    await source.open()
    assert await source.read() is None
    await source.close()


def test_errors_are_sentences() -> None:
    class AuthenticationError(Exception):
        pass

    denied = explain("tallies", AuthenticationError("WRONGPASS"))
    assert denied.denied
    assert denied.error == "Redis refuses these credentials"
    assert explain("golden", ConnectionRefusedError()).error == "Prometheus cannot be reached"
    away = DocumentsError("asleep")
    away.__cause__ = AutoReconnect("asleep")
    for error, engine in (
        (KafkaConnectionError("no route"), "Kafka"),
        (RedisConnectionError("refused"), "Redis"),
        (AutoReconnect("asleep"), "MongoDB"),
        (away, "MongoDB"),
    ):
        said = explain("books", error).error
        assert said == f"{engine}, which the books need, cannot be reached"
    assert explain("books", OSError("odd")).error == "the books: odd"
    assert explain("log", RuntimeError("a\nb")).error == "MongoDB: a b"
    assert explain("log", RuntimeError()).error == "MongoDB: RuntimeError"


async def test_a_source_that_says_the_same_is_asked_less_often_until_something_stirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "CALM_AFTER", 0.2)
    monkeypatch.setattr(feed, "CALM_PERIOD", 3600.0)
    quiet, busy, stirs = Counting(), Counting(), []
    calm = feed.Feed(quiet, lambda _: None)

    def stir() -> None:
        stirs.append(1)
        calm.wake()

    other = feed.Feed(busy, lambda _: None, stirred=stir)
    async with running(calm), running(other):
        await until(lambda: calm.calm and other.calm, "both are calm")
        await asyncio.sleep(0.01)
        before = quiet.asked
        busy.lag = 7
        other.hurry()
        await until(lambda: quiet.asked > before + 3, "both are asked at their own pace again")
    assert stirs == [1]
