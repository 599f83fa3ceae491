"""Redis dies under the queue `streams`, and comes back with all of its file or without its end."""

from __future__ import annotations

import signal
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
from wire.queues.streams.names import Generation

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


async def test_what_a_client_sends_again_waits_for_the_generation_before(
    streams: Pipeline, redis: OwnRedis
) -> None:
    """Made certain: the first attempt is with a member that is gone and whose leases still run,
    and the second one is free."""
    producer, (event,) = await streams.begin(HTTP), streams.events(1)
    topic = keys.events_topic(streams.name)
    for generation in range(2):
        await post(producer, event, key="same")
        if not generation:
            redis.kill()
            await again(redis, streams)

    async def generations() -> dict[bool, Generation]:
        found = await names.generations(streams.redis, streams.name, topic)
        return {each.current: each for each in found}

    there = await generations()
    (place,) = (p for p, upto in there[True].ends.items() if upto)
    assert there[False].ends[place] == 1
    lease = names.lease_key(streams.name, there[False].id, place)
    await streams.redis.set(lease, "dead", px=600_000)
    await streams.begin(CONSUMER)

    async def looked() -> bool:
        """The member has come to all others of them."""
        return len((await generations())[True].ready - {place}) == keys.PARTITIONS - 1

    await until(looked, "all others are ready", PATIENCE)
    assert place not in (await generations())[True].ready
    assert (await streams.figures())["counted"] == 0
    await streams.redis.delete(lease)
    told = await streams.handled(acknowledged=2, counted=1, repeated=1)
    assert (told["stored"], told["lost"], told["doubled"]) == (1, 0, 0)


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


async def test_what_redis_has_and_does_not_know_to_be_counted_is_counted_again(
    streams: Pipeline, redis: OwnRedis
) -> None:
    """Its file ends between an event and its count; the members live on."""
    events = streams.events(40)
    producer, consumer = await streams.begin(HTTP), await streams.begin(CONSUMER)
    await post(producer, events[:10])
    await streams.handled(acknowledged=10, counted=10)
    consumer.process.send_signal(signal.SIGSTOP)
    for event in events[10:29]:
        await post(producer, event)
    await post(producer, events[29], key="same")
    size = redis.file.stat().st_size
    consumer.process.send_signal(signal.SIGCONT)
    await streams.handled(acknowledged=30, counted=30)
    redis.kill()
    redis.cut(size)
    await again(redis, streams)
    await streams.handled(acknowledged=30, counted=30, lost=0)
    for event in events[30:]:
        await post(producer, event)
    await post(producer, events[29], key="same")
    told = await streams.handled(acknowledged=41, counted=40, repeated=1)
    assert (told["stored"], told["lost"], told["doubled"]) == (40, 0, 0)
    assert values([each["event"] for each in await streams.stored()]) == values(events)


async def test_a_partition_of_which_redis_forgets_that_it_is_ready(streams: Pipeline) -> None:
    events = streams.events(3)
    producer, _ = await streams.begin(HTTP), await streams.begin(CONSUMER)
    topic = keys.events_topic(streams.name)
    for n, event in enumerate(events[:2]):
        await post(producer, event, key=f"{n}")
        await streams.handled(counted=n + 1)
        await streams.redis.script_flush()

    async def now() -> Generation:
        found = await names.generations(streams.redis, streams.name, topic)
        return next(each for each in found if each.current)

    whole = set((await now()).ends)

    async def ready() -> bool:
        return (await now()).ready == whole

    await until(ready, "all partitions are ready", PATIENCE)
    key = names.generation_key(streams.name, (await now()).id)
    await streams.redis.hdel(key, *(f"ready:{p}" for p in whole))
    await until(ready, "all partitions are ready again", PATIENCE)
    await post(producer, events[2])
    await post(producer, events[0], key="0")
    told = await streams.handled(acknowledged=4, counted=3, repeated=1)
    assert (told["stored"], told["lost"], told["doubled"]) == (3, 0, 0)
