"""Redis dies under the queue `streams`, and comes back with all of its file or without its end."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from host.install.commands import find_program
from tests.conftest import Engines
from tests.ports import free_port
from tests.queues.pipeline import CONSUMER, HTTP, PATIENCE, Pipeline, pipeline_of, post, values
from tests.waiting import until
from wire import keys
from wire.queues.streams import names

pytestmark = pytest.mark.processes


class OwnRedis:
    """A Redis with an append-only file, as the local stack has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = find_program("redis-server")
        assert program is not None
        words = f"--port {self._port} --bind 127.0.0.1 --appendonly yes --appendfsync everysec"
        self._process = subprocess.Popen(
            [program, *words.split(), "--save", "", "--dir", self._folder],
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    @property
    def file(self) -> Path:
        """What was written since its base."""
        (found,) = (self._folder / "appendonlydir").glob("*.incr.aof")
        return found

    def cut(self, size: int) -> None:
        """As a power cut may leave it."""
        with self.file.open("r+b") as file:
            file.truncate(size)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path)
    own.start()
    yield own
    own.kill()


@pytest.fixture
async def streams(
    engines: Engines, make_scenario: Callable[[str], Path], tmp_path: Path, redis: OwnRedis
) -> AsyncIterator[Pipeline]:
    async with pipeline_of("streams", engines, make_scenario, tmp_path, redis.url) as made:
        yield made


async def again(redis: OwnRedis, pipeline: Pipeline) -> None:
    redis.start()

    async def there() -> bool:
        try:
            return bool(await pipeline.redis.ping())
        except (RedisError, OSError):
            return False

    await until(there, "Redis is there again", PATIENCE)


async def test_a_redis_that_was_killed_has_what_was_acknowledged(
    streams: Pipeline, redis: OwnRedis
) -> None:
    events = streams.events(60)
    producer = await streams.begin(HTTP)
    for event in events[:30]:
        await post(producer, event)
    await post(producer, events[30], key="same")
    redis.kill()
    await again(redis, streams)
    # nobody had read a word of it
    await streams.begin(CONSUMER)
    for event in events[31:]:
        await post(producer, event)
    # an id is known from before it
    await post(producer, events[30], key="same")
    told = await streams.handled(acknowledged=61, counted=60, repeated=1)
    assert (told["streams"], told["stored"], told["lost"], told["doubled"]) == (61, 60, 0, 0)
    assert values([each["event"] for each in await streams.stored()]) == values(events)


async def test_what_redis_loses_is_told_and_no_place_is_given_twice(
    streams: Pipeline, redis: OwnRedis
) -> None:
    events = streams.events(40)
    producer, _ = await streams.begin(HTTP), await streams.begin(CONSUMER)
    await post(producer, events[:20])
    await streams.handled(acknowledged=20, counted=20)
    size = redis.file.stat().st_size
    await post(producer, events[20:25])
    await streams.handled(acknowledged=25, counted=25)
    redis.kill()
    redis.cut(size)
    await again(redis, streams)
    await post(producer, events[25:])
    told = await streams.handled(acknowledged=40, counted=35)
    assert (told["streams"], told["broker_lost"], told["lost"]) == (35, 5, 5)
    assert (told["stored"], told["doubled"]) == (35, 0)
    topic = keys.events_topic(streams.name)
    for each in await names.generations(streams.redis, streams.name, topic):
        assert sum(each.ends.values()) in (20, 15)
    # their documents were written before, so that is all there is to do
    await streams.kind.rebuild(streams.scenario, streams.documents, streams.where)
    told = await streams.handled(acknowledged=40, counted=40)
    assert (told["stored"], told["lost"], told["doubled"]) == (40, 0, 0)
    assert values([each["event"] for each in await streams.stored()]) == values(events)
