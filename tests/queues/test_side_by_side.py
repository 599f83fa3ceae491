"""Several queues in one scenario: each process serves one, the tallies are of all, and the books
close by the rule of each."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from controlroom.commands import torture
from controlroom.commands.books import shown
from controlroom.commands.exits import CommandError
from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.queues import QueuesSource
from controlroom.model.books import BooksSample
from controlroom.model.frame import BOOKS, QUEUES
from controlroom.model.queues import QueueLag, Queues
from controlroom.settings import Settings as RoomSettings
from controlroom.targets.abilities import Endpoints, Refused
from controlroom.targets.rebuild import rebuild_tallies
from host.errors import StackError
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.queues.registry import served, side
from services.shared.acknowledged import AcknowledgedCounter, read_counts
from services.shared.settings import Settings, SettingsError
from stack.config import choose
from stack.lag import LagReader
from stack.manifests.model import Container, EnvVar, PodTemplate
from tests.conftest import Engines
from tests.feeds.world import FixedTarget
from tests.producers.running import Producers, Service, producers
from tests.queues.added.loose import LooseBooks
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until
from wire import keys, rebuilding
from wire.books import SideBySide
from wire.committed import read_committed
from wire.documents import Documents
from wire.purging import purge
from wire.queues.kafka.books import KafkaBooks
from wire.queues.registry import FOLDERS
from wire.stores import redis_client

ADDED = Path(__file__).parent / "added"
PATIENCE = 90.0
ENV = {"SCENARIO": "s", "POD_NAME": "p", "POD_IP": "127.0.0.1"}


@pytest.fixture
def path(make_scenario: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The band vote, by Kafka alone as yet."""
    monkeypatch.setenv(FOLDERS, str(ADDED))
    return make_scenario("bands")


def beside(path: Path, line: str = 'queues = ["kafka", "loose"]') -> Path:
    """The same scenario with that line about its queues."""
    path.write_text(f"{line}\n{path.read_text()}")
    return path


@pytest.mark.parametrize(
    ("line", "said", "fix"),
    [
        ('queue = "kafka"\nqueues = ["loose"]', "queues: is given beside queue", "remove queue"),
        ('queues = ["kafka", "loose", "kafka"]', "queues: names 'kafka' twice", "remove one"),
        ('queues = ["Kafka!"]', "queues: 'Kafka!' is no name", "use a-z"),
        ("queues = [1]", "queues: must hold texts only", "queues = "),
        ("queues = []", "queues: is empty", "remove it"),
    ],
)
def test_a_list_that_is_none_is_refused_by_name(line: str, said: str, fix: str, path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(beside(path, line))
    assert path.name in str(caught.value)
    assert said in str(caught.value)
    assert fix in caught.value.fix


def test_an_unknown_queue_of_several_is_refused_by_name(path: Path, tmp_path: Path) -> None:
    beside(path, 'queues = ["kafka", "lose"]')
    with pytest.raises(StackError) as caught:
        choose(str(path), tmp_path / "state")
    for word in (path.name, "queues", "'lose'", "loose"):
        assert word in str(caught.value)


def test_one_queue_is_a_list_of_one(path: Path) -> None:
    assert load(path).queues == ("kafka",)
    assert load(beside(path, 'queue = "loose"')).queues == ("loose",)


def test_a_process_serves_the_queue_that_it_is_told(path: Path) -> None:
    scenario = load(beside(path))
    assert scenario.queue == "kafka"

    def told(**env: str) -> Settings:
        return Settings.from_env(environ={**ENV, **env})

    assert (served(told(), scenario), side(told(), scenario)) == ("kafka", "")
    assert side(told(QUEUE="kafka"), scenario) == ""
    loose = told(QUEUE="loose", ORIGIN="redis")
    assert (served(loose, scenario), side(loose, scenario), loose.origin) == (
        "loose",
        "loose",
        "redis",
    )
    with pytest.raises(SettingsError, match="QUEUE is 'lose'") as caught:
        served(told(QUEUE="lose"), scenario)
    assert "kafka, loose" in caught.value.fix
    with pytest.raises(SettingsError, match="ORIGIN is 'Redis Pub/Sub'"):
        told(ORIGIN="Redis Pub/Sub")


def test_the_counts_of_two_queues_are_told_apart_on_the_disk(tmp_path: Path) -> None:
    first, second = AcknowledgedCounter(tmp_path, "s"), AcknowledgedCounter(tmp_path, "s", "loose")
    first.add(3)
    second.add(4)
    names = (first.instance, second.instance)
    assert names[1].endswith("@loose")
    first.close()
    second.close()
    # a producer of the one queue does not count on what the other has acknowledged
    again = AcknowledgedCounter(tmp_path, "s", "loose")
    assert (again.instance, again.count) == (names[1], 4)
    with again.dead() as dead:
        assert dead == {names[0]: 3}
    again.close()
    assert read_counts(tmp_path, "s") == {names[0]: 3, names[1]: 4}


def test_the_autoscaler_asks_the_queue_of_its_deployment() -> None:
    def template(*env: EnvVar) -> PodTemplate:
        return PodTemplate({}, (Container("consumer", ("python",), env=env),))

    assert template(EnvVar("QUEUE", "value", "loose")).variable("QUEUE") == "loose"
    assert template().variable("QUEUE") == ""


async def test_the_lag_is_asked_of_each_queue(path: Path) -> None:
    lag = LagReader(lambda name: "127.0.0.1:1")
    scenario = load(beside(path))
    loose, kafka = await lag.of(scenario, "loose"), await lag.of(scenario)
    await lag.close()
    assert loose is not None
    assert loose.events == 0
    assert kafka is None, "nobody says it"


class NoEngines:
    """A target whose engines are away."""

    async def endpoints(self) -> Endpoints:
        return Endpoints({"redis": "redis://127.0.0.1:1", "mongo": "mongodb://127.0.0.1:1"})


async def test_counters_are_not_made_anew_where_the_first_keeps_nothing(path: Path) -> None:
    scenario = load(beside(path, 'queues = ["loose", "kafka"]'))
    with pytest.raises(Refused, match="Redis Pub/Sub keeps nothing"):
        await rebuild_tallies(await NoEngines().endpoints(), scenario)


async def test_the_torture_refuses_a_queue_beside_kafka(path: Path) -> None:
    settings = RoomSettings(scenario=str(beside(path)))
    with pytest.raises(CommandError, match="goes by kafka, loose; the torture judges kafka, "):
        await torture._run(settings, argparse.Namespace())  # type: ignore[arg-type]


def columns(loose: LooseBooks | None = None) -> SideBySide:
    """Books of both queues: nothing is lost by Kafka, and three by the other."""
    kafka = KafkaBooks("votes", 1200, 1190, 1190, 4, 2, 6, 0, 0, kafka=1200)
    other = loose or LooseBooks("votes", 50, 47, 47, 1, 0, 0, 3, 0, sent=50, delivered=47)
    return SideBySide.of({"kafka": kafka, "loose": other})


def test_books_side_by_side_are_sums_and_each_one() -> None:
    books = columns()
    told = books.to_json()
    assert (told["acknowledged"], told["stored"], told["lost"]) == (1250, 1237, 3)
    assert told["queues"]["kafka"]["kafka"] == 1200
    assert (told["queues"]["loose"]["sent"], told["queues"]["loose"]["lost"]) == (50, 3)
    assert not books.faults, "what a queue may lose is no fault"
    assert not books.closed, "some are on their way by Kafka"
    wrong = replace(columns().queues["loose"], missing=2)  # type: ignore[call-arg]
    assert isinstance(wrong, LooseBooks)
    assert columns(wrong).faults


def test_the_list_has_a_column_for_each_queue() -> None:
    lines = shown(columns(), RoomSettings()).splitlines()
    assert lines[0].split() == ["kafka", "loose", "all"]
    cells = {line.split()[0]: line.split()[1:] for line in lines[1:-1]}
    assert cells["acknowledged"] == ["1,200", "50", "1,250"]
    assert cells["lost"] == ["0", "3", "3"]
    assert cells["sent"] == ["50"]
    assert cells["closed"] == ["no", "yes", "no"]
    assert lines[-1] == "votes: closing, 6 in flight; loose: 3 of 50 were lost on the way"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_panel_has_a_column_for_each_queue(size: tuple[int, int]) -> None:
    wrong = LooseBooks("votes", 50, 47, 45, 1, 0, 0, 3, 0, sent=50, delivered=47, missing=2)
    room = room_of(frames.calm().having(BOOKS, frames.live(BooksSample(columns(wrong)))))
    async with room.run_test(size=size) as pilot:
        await pilot.press("3")
        await pilot.pause()
        lines = screen_text(room).splitlines()
    (head,) = [line for line in lines if "kafka" in line and "loose" in line]
    below = lines[lines.index(head) : lines.index(head) + 12]
    cells = {
        name: next((line.split(name)[1].split()[:2] for line in below if f" {name} " in line), None)
        for name in ("acknowledged", "stored", "lost", "missing")
    }
    assert cells["acknowledged"] == ["1,200", "50"]
    assert cells["stored"] == ["1,190", "45"]
    assert cells["missing"] == ["✗", "2"], "a fault has a row where there are few"
    assert "do not close" in "\n".join(lines)


async def test_a_figure_without_room_is_rounded_and_not_cut() -> None:
    kafka = KafkaBooks("votes", 12_345_678, 12_345_678, 12_345_678, 0, 0, 0, 0, 0, kafka=12_345_678)
    books = SideBySide.of(dict.fromkeys(("kafka", "streams", "direct", "pubsub"), kafka))
    room = room_of(frames.calm().having(BOOKS, frames.live(BooksSample(books))))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        lines = screen_text(room).splitlines()
    (row,) = [line for line in lines if " acknowledged " in line]
    assert row.split("acknowledged")[1].split()[:4] == ["12.3M"] * 4


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (140, "queues  kafka 12 (3 members) · streams 4 (2 members) · pubsub –"),
        (80, "queues  kafka 12 (3 members) · streams 4 (2 members) · pubsub –"),
        (60, "queues  kafka 12 · streams 4 · pubsub –"),
    ],
)
async def test_the_fleet_lists_what_waits_in_each_queue(width: int, said: str) -> None:
    parts = (
        QueueLag("kafka", 12, 12, 3),
        QueueLag("streams", 4, 12, 2),
        QueueLag("pubsub", 0, 0, None),
    )
    queues = Queues("votes", "store", 12, 3, 16, 100, parts=parts)
    room = room_of(frames.calm().having(QUEUES, frames.live(queues)))
    async with room.run_test(size=(width, 40 if width > 100 else 24)) as pilot:
        await pilot.press("4")
        await pilot.pause()
        assert said in screen_text(room)


class Pipeline:
    """A scenario that goes by Kafka and, from `widen` on, by the added queue too."""

    def __init__(self, running: Producers) -> None:
        self._running = running
        self.redis: Redis = redis_client(running.engines.redis)
        self.documents = Documents(running.engines.mongo, timeout=30)
        self.target = FixedTarget(running.engines)
        self._rng = Random(1)
        self._codec = EventCodec(self.scenario)

    @property
    def scenario(self) -> Scenario:
        """As its file is now."""
        return load(self._running.scenario)

    def widen(self) -> None:
        """Its file names a second queue."""
        beside(self._running.scenario)

    async def begin(self, *modules: str, **env: str) -> list[Service]:
        """Services of it, once they are ready."""
        given = {"MONGO_URL": self._running.engines.mongo, FOLDERS: str(ADDED), **env}
        begun = [await self._running.start(each, ready=False, **given) for each in modules]
        for service in begun:
            await until(service.ready, "it is ready", PATIENCE)
        return begun

    def end(self, module: str) -> None:
        """Ends the services of a module."""
        for service in self._running.started:
            if module in service.process.args:  # type: ignore[operator]
                service.end()

    async def post(self, producer: Service, count: int) -> None:
        """So many events, in several requests."""
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            for _ in range(count // 10):
                body = [self._codec.generate(self._rng) for _ in range(10)]
                answer = await client.post(producer.url("/input"), json=body)
                assert answer.status_code == 201, answer.text

    async def books(self, exact: bool = True) -> dict[str, Any]:
        """As the room reads them."""
        source = BooksSource(LiveEndpoints(self.target), self.scenario, exact=exact)  # type: ignore[arg-type]
        await source.open()
        try:
            while (sample := await source.read()).books.unaudited:
                pass
        finally:
            await source.close()
        told = sample.books.to_json()
        return {**told, "closed": sample.books.closed, "faults": sample.books.faults}

    async def settled(self, counted: int) -> dict[str, Any]:
        """The books once so many are acknowledged and counted, and nothing is on its way."""

        async def done() -> dict[str, Any] | None:
            found = await self.books()
            known = found["counted"] == found["acknowledged"] == counted
            there = known and not found["in_flight"]
            return found if there else None

        return await until(done, f"{counted} are counted", PATIENCE)

    async def votes(self) -> int:
        """The sum of the tally."""
        found = await self.redis.hvals(keys.counter_key(self.scenario.name, "votes"))
        return sum(map(int, found))

    async def close(self) -> None:
        """Removes what it stored."""
        name = self.scenario.name
        async for key in self.redis.scan_iter(match=f"{{{name}}}:*", count=1000):
            await self.redis.delete(key)
        await self.redis.aclose()
        await self.documents.close()


@pytest.fixture
async def pipeline(engines: Engines, path: Path, tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with producers(engines, path, tmp_path) as running:
        made = Pipeline(running)
        yield made
        await made.close()


@pytest.mark.engines
@pytest.mark.timeout(400)
async def test_two_queues_side_by_side(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    producer, _ = await pipeline.begin("services.producer_http", "services.consumer")
    await pipeline.post(producer, 20)
    before = await pipeline.settled(20)
    assert "queues" not in before

    # what there was belongs to the first queue, and reads as before
    pipeline.widen()
    found = await pipeline.books()
    alone = {name: value for name, value in before.items() if name not in ("closed", "faults")}
    assert found["queues"]["kafka"] == alone
    assert found["queues"]["loose"]["acknowledged"] == 0

    loose, _ = await pipeline.begin(
        "services.producer_http", "services.consumer", QUEUE="loose", ORIGIN="redis"
    )
    await asyncio.gather(pipeline.post(producer, 60), pipeline.post(loose, 40))
    found = await pipeline.settled(120)
    assert (found["acknowledged"], found["stored"], found["closed"]) == (120, 120, True)
    assert await pipeline.votes() == 120
    kafka, other = found["queues"]["kafka"], found["queues"]["loose"]
    assert (kafka["acknowledged"], kafka["kafka"], kafka["stored"]) == (80, 80, 80)
    assert (other["acknowledged"], other["sent"], other["stored"]) == (40, 40, 40)
    assert {name: await origins(pipeline, name) for name in ("", "loose")} == {
        "": {"http"},
        "loose": {"redis"},
    }
    await all_faces_say_it(pipeline)
    with monkeypatch.context() as patched:
        await counters_are_made_anew(pipeline, loose, patched)
    await redis_may_forget_everything(pipeline)
    await what_is_removed_is_one_queues(pipeline)


async def origins(pipeline: Pipeline, side: str) -> set[str]:
    """Of the stored events of a queue."""
    committed = (await read_committed(pipeline.redis, pipeline.scenario.name)).of(side)
    collection = keys.logs_collection(pipeline.scenario.name)
    parts = [await pipeline.documents.find(collection, each) for each in committed.ranges()]
    return {document["origin"] for part in parts for document in part}


async def all_faces_say_it(pipeline: Pipeline) -> None:
    """The reader, and the room's feed of what waits."""
    (reader,) = await pipeline.begin("services.reader")
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        answer = (await client.get(reader.url("/books"))).json()
        total = (await client.get(reader.url("/total"))).json()["total"]
    assert (answer["counted"], answer["queues"]["loose"]["sent"], total) == (120, 40, 120)
    source = QueuesSource(pipeline.target, pipeline.scenario)

    async def drained() -> bool:
        waits = await source.read()
        parts = waits.parts if waits else ()
        return [(part.name, part.lag) for part in parts] == [("kafka", 0), ("loose", 0)]

    # the commits that the lag is told by follow what is counted
    await until(drained, "nothing waits in either", PATIENCE)
    await source.close()


async def counters_are_made_anew(
    pipeline: Pipeline, loose: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of both, also where the other queue counts in between."""
    write, times = rebuilding._write, 0

    async def late(*given: Any) -> bool:
        nonlocal times
        times += 1
        if times == 1:
            await pipeline.post(loose, 10)
            await pipeline.settled(130)
        return await write(*given)

    monkeypatch.setattr(rebuilding, "_write", late)
    votes = keys.counter_key(pipeline.scenario.name, "votes")
    await pipeline.redis.hset(votes, "nonsense", 1_000)
    endpoints = await pipeline.target.endpoints()
    totals = await rebuild_tallies(endpoints, pipeline.scenario)
    assert (totals or {})["counted"] == 130
    assert times == 2
    assert await pipeline.votes() == 130
    found = await pipeline.settled(130)
    assert found["closed"]
    assert found["queues"]["loose"]["stored"] == 50
    await pipeline.post(loose, 10)
    assert (await pipeline.settled(140))["closed"]

    async def always(*given: Any) -> bool:
        await pipeline.redis.hset(keys.queues_key(pipeline.scenario.name), f"x{times}", "loose")
        return await write(*given)

    monkeypatch.setattr(rebuilding, "_write", always)
    with pytest.raises(Refused, match="Events came by loose all the while"):
        await rebuild_tallies(endpoints, pipeline.scenario)
    await pipeline.redis.hdel(keys.queues_key(pipeline.scenario.name), f"x{times}")
    assert await pipeline.votes() == 140


async def redis_may_forget_everything(pipeline: Pipeline) -> None:
    """Which queue a document came by is kept beside the documents."""
    name = pipeline.scenario.name

    async def kept() -> bool:
        committed = await read_committed(pipeline.redis, name)
        audits = await pipeline.documents.audits(name)
        known = {each["_id"]: each["upto"] for each in audits if each.get("queue") == "loose"}
        return known == committed.of("loose").offsets

    await until(kept, "the documents are counted and kept", PATIENCE)
    pipeline.end("services.consumer")
    for key in ("fence", "books", "queues", "marks", "votes", "rank"):
        await pipeline.redis.delete(f"{{{name}}}:{key}")
    await rebuild_tallies(await pipeline.target.endpoints(), pipeline.scenario)
    found = await pipeline.books()
    assert await pipeline.votes() == 140
    assert found["closed"]
    parts = found["queues"]
    assert (parts["kafka"]["stored"], parts["loose"]["stored"]) == (80, 60)


async def what_is_removed_is_one_queues(pipeline: Pipeline) -> None:
    """A document that somebody removed opens the books of its queue alone; a purge is known to
    each."""
    name = pipeline.scenario.name
    committed = (await read_committed(pipeline.redis, name)).of("loose")
    (some, *_) = committed.ranges()
    await pipeline.documents.clear(keys.logs_collection(name), replace(some, after=some.upto - 1))
    found = await pipeline.books()
    assert found["faults"]
    assert (found["queues"]["loose"]["missing"], found["queues"]["kafka"]["lost"]) == (1, 0)
    assert await purge(name, pipeline.redis, pipeline.documents) == 139
    parts = (await pipeline.books())["queues"]
    assert (parts["kafka"]["purged"], parts["loose"]["purged"]) == (80, 59)
    assert (parts["kafka"]["stored"], parts["loose"]["missing"]) == (80, 1)
    assert json.dumps(parts)
