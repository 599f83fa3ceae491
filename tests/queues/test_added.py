"""A queue is added from a folder that is not the product's: published to, received from, its books
closed by its own rule. What it lost is said and is no fault."""

from __future__ import annotations

import gc
import json
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from controlroom.commands.books import shown
from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.queues import QueuesSource
from controlroom.model.books import BooksSample
from controlroom.model.frame import BOOKS, QUEUES
from controlroom.settings import Settings as RoomSettings
from controlroom.targets.abilities import Endpoints, Refused
from controlroom.targets.rebuild import rebuild_tallies
from host.errors import StackError
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import load
from services.queues.registry import publishing, queue_of
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from stack.config import choose
from stack.lag import LagReader
from stack.manifests.model import Container, PodTemplate
from stack.pods.environment import Surroundings, environment
from tests.conftest import Engines
from tests.feeds.world import FixedTarget
from tests.producers.running import Producers, Service, producers
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until
from wire import keys
from wire.committed import read_committed
from wire.documents import Documents
from wire.kafka import brokers_of
from wire.queues.registry import FOLDERS, queue_kinds
from wire.stores import redis_client

ADDED = Path(__file__).parent / "added"
PATIENCE = 60.0


@pytest.fixture
def path(make_scenario: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The band vote by the added queue."""
    monkeypatch.setenv(FOLDERS, str(ADDED))
    made = make_scenario("bands")
    made.write_text(f'queue = "loose"\n{made.read_text()}')
    return made


class Pipeline:
    """A scenario that goes by the added queue. Its services are told of no Kafka."""

    def __init__(self, running: Producers) -> None:
        self._running = running
        self.scenario = load(running.scenario)
        self.redis: Redis = redis_client(running.engines.redis)
        self.documents = Documents(running.engines.mongo, timeout=30)

    async def begin(self, module: str) -> Service:
        """A service of it, once it is ready."""
        mongo = self._running.engines.mongo
        given = {"KAFKA_BOOTSTRAP": "", "MONGO_URL": mongo, FOLDERS: str(ADDED)}
        return await self._running.start(module, ready=False, **given)

    async def books(self) -> BooksSample:
        """As the room reads them, every document counted."""
        endpoints = LiveEndpoints(FixedTarget(self._running.engines))  # type: ignore[arg-type]
        source = BooksSource(endpoints, self.scenario, exact=True)
        await source.open()
        sample = await source.read()
        await source.close()
        return sample

    async def figures(self) -> dict[str, Any]:
        """The same, as JSON."""
        return (await self.books()).books.to_json()

    async def handled(self, delivered: int) -> dict[str, Any]:
        """The figures once so many were delivered and all of them are in the books."""

        async def done() -> dict[str, Any] | None:
            found = (await self.books()).books
            told = found.to_json()
            return told if told["delivered"] == delivered and not found.unaudited else None

        return await until(done, f"{delivered} events are handled", PATIENCE)

    async def stored(self) -> list[dict[str, Any]]:
        """Every stored event."""
        committed = await read_committed(self.redis, self.scenario.name)
        collection = keys.logs_collection(self.scenario.name)
        parts = [await self.documents.find(collection, wanted) for wanted in committed.ranges()]
        return [document["event"] for part in parts for document in part]

    async def close(self) -> None:
        """Removes what Redis has of it."""
        async for key in self.redis.scan_iter(match=f"{{{self.scenario.name}}}:*", count=1000):
            await self.redis.delete(key)
        await self.redis.aclose()
        await self.documents.close()


@pytest.fixture
async def pipeline(engines: Engines, path: Path, tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with producers(engines, path, tmp_path) as running:
        made = Pipeline(running)
        yield made
        await made.close()


async def post(producer: Service, body: object, status: int = 201) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(producer.url("/input"), json=body, timeout=PATIENCE)
    assert answer.status_code == status, answer.text


def ready(service: Service) -> Any:
    return until(service.ready, "it is ready", PATIENCE)


@pytest.mark.engines
async def test_a_queue_is_added_by_a_folder(pipeline: Pipeline) -> None:
    codec = EventCodec(pipeline.scenario)
    rng = Random(1)
    events = [codec.generate(rng) for _ in range(120)]
    producer = await pipeline.begin("services.producer_http")
    await ready(producer)

    async with httpx.AsyncClient() as client:
        described = (await client.get(producer.url("/openapi.json"), timeout=PATIENCE)).json()
    assert queue_kinds()["loose"].acknowledged in described["paths"]["/input"]["post"]["summary"]

    # nobody is subscribed, so these are lost for certain
    await post(producer, events[:3])
    found = await pipeline.figures()
    assert (found["acknowledged"], found["sent"], found["lost"]) == (3, 3, 3)
    assert (await pipeline.books()).books.closed

    # both get all of it
    consumers = [await pipeline.begin("services.consumer") for _ in range(2)]
    for consumer in consumers:
        await ready(consumer)
    for event in events[3:20]:
        await post(producer, event)
    await post(producer, events[20:])
    await post(producer, {"name": "nobody"}, 422)
    found = await pipeline.handled(117)
    assert (found["counted"], found["stored"], found["lost"]) == (117, 117, 3)
    assert (found["doubled"], found["missing"], found["in_flight"]) == (0, 0, 0)
    assert by_text(await pipeline.stored()) == by_text(events[3:])
    votes = await pipeline.redis.hgetall(keys.counter_key(pipeline.scenario.name, "votes"))
    assert sum(map(int, votes.values())) == 117

    # what comes while nobody is there is lost, and is not taken for something else afterwards
    assert [consumer.end() for consumer in consumers] == [0, 0]
    await post(producer, events[:5])
    await ready(await pipeline.begin("services.consumer"))
    await post(producer, events[:2])
    found = await pipeline.handled(119)
    assert (found["acknowledged"], found["sent"], found["lost"]) == (127, 127, 8)
    await until(lambda: rejected(pipeline), "the refused one is kept", PATIENCE)
    await it_is_told(pipeline)


async def rejected(pipeline: Pipeline) -> bool:
    return bool((await pipeline.figures())["rejected"] == 1)


def by_text(events: list[Any]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


async def it_is_told(pipeline: Pipeline) -> None:
    """In the list, in the panel and by the reader, in the words of the queue; then a loss that
    the queue does not answer for is a fault."""
    sample = await pipeline.books()
    said = shown(sample.books, RoomSettings())
    assert "published and never delivered, which this queue may do" in said
    assert said.endswith("the books close; 8 of 127 were lost on the way")
    room = room_of(frames.calm().having(BOOKS, frames.live(sample)))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        text = screen_text(room)
    assert "closed" in text
    (line,) = [each for each in text.splitlines() if "sent" in each and "lost" in each]
    assert line.split("sent")[1].split()[0] == "127"

    reader = await pipeline.begin("services.reader")
    await ready(reader)
    async with httpx.AsyncClient() as client:
        answer = (await client.get(reader.url("/books"), timeout=PATIENCE)).json()
    assert (answer["sent"], answer["delivered"], answer["lost"]) == (127, 119, 8)
    assert "kafka" not in answer

    committed = await read_committed(pipeline.redis, pipeline.scenario.name)
    collection = keys.logs_collection(pipeline.scenario.name)
    (some, *_) = committed.ranges()
    await pipeline.documents.clear(collection, replace(some, after=some.upto - 1))
    sample = await pipeline.books()
    assert (sample.books.faults, sample.books.to_json()["missing"]) == (True, 1)
    assert "do not close" in shown(sample.books, RoomSettings())


class NoEngines:
    """A target whose engines are away."""

    async def endpoints(self) -> Endpoints:
        return Endpoints({"redis": "redis://127.0.0.1:1", "mongo": "mongodb://127.0.0.1:1"})


async def test_what_cannot_be_read_again_has_no_lag_and_no_rebuild(path: Path) -> None:
    scenario, target = load(path), NoEngines()
    source = QueuesSource(target, scenario)
    found = await source.read()
    await source.close()
    assert found is not None
    assert found.lag == 0
    room = room_of(frames.calm().having(QUEUES, frames.live(found)))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert "Redis Pub/Sub  nothing waits in it" in screen_text(room)

    # the load of the consumers is all that says how many there should be
    lag = LagReader(lambda name: "")
    backlog = await lag.of(scenario)
    await lag.close()
    assert backlog is not None
    assert (backlog.events, backlog.partitions > 1_000) == (0, True)

    with pytest.raises(Refused, match="Redis Pub/Sub keeps nothing that could be read again"):
        await rebuild_tallies(await target.endpoints(), scenario)


def test_the_pods_of_the_local_stack_find_it_too(path: Path, tmp_path: Path) -> None:
    around = Surroundings("here", tmp_path, tmp_path, {})
    container = Container("consumer", ("python", "-m", "services.consumer"))
    found = environment(container, PodTemplate({}, (container,)), "consumer-0", {}, around)
    assert found[FOLDERS] == str(ADDED)


def test_a_stack_is_not_started_with_a_queue_that_is_not_there(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDERS)
    with pytest.raises(StackError, match="no queue is called 'loose'"):
        choose(str(path), tmp_path)


def test_what_a_queue_brings_is_looked_through_by_no_collection() -> None:
    settings = Settings("bands", "p", "127.0.0.1", kafka=brokers_of("127.0.0.1:1"))
    publishing(settings, load("bands"), Lifecycle(settings))
    try:
        looked_through = {id(each) for each in gc.get_objects()}
        assert id(sys.modules["aiokafka.producer.sender"].__dict__) not in looked_through
    finally:
        gc.unfreeze()


def test_a_queue_that_is_not_there_is_refused_by_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(path).queue == "loose"
    assert list(queue_kinds())[-1] == "loose"
    monkeypatch.delenv(FOLDERS)
    with pytest.raises(ScenarioError, match="no queue is called 'loose'") as caught:
        queue_of(load(path).queue)
    assert FOLDERS in caught.value.fix


@pytest.mark.parametrize(
    ("kind", "ends", "said"),
    [
        ("KIND = 1", "", "holds no KIND"),
        ("from wire.queues.kafka import KIND", "", "kafka once more"),
        (None, "QUEUE = 1", "hold no QUEUE"),
        (None, "import nothing_of_that_name", "ModuleNotFoundError"),
    ],
)
def test_a_folder_that_is_no_queue_is_named(
    kind: str | None, ends: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (ADDED / "loose/__init__.py").read_text()
    folder = tmp_path / f"q{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    (folder / "__init__.py").write_text(own if kind is None else kind)
    (folder / "ends.py").write_text(ends)
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    with pytest.raises(ScenarioError, match=said) as caught:
        queue_of("loose")
    assert FOLDERS in caught.value.fix
