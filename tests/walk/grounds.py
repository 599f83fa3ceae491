"""A room on real engines behind doors, and what each of them knows when all is well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

from controlroom.model.fleet import Fleet
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, QUEUES, TALLIES, Frame
from controlroom.settings import Settings
from controlroom.targets.abilities import FaultStatus, LoadStatus
from controlroom.targets.local import LocalTarget
from host.paths import stack_socket
from scenarios.scenario import Scenario
from tests.conftest import Engines
from tests.feeds.world import FixedTarget, World, vote
from tests.prometheus import Scraped, scraping
from tests.redis_server import redis_server
from tests.topics import topics_admin
from tests.waiting import until
from tests.walk.door import Door, Place, door
from wire import keys
from wire.kafka import brokers_of

ENGINES = ("redis", "mongo", "kafka", "prometheus", "daemon")
NEEDS: dict[str, tuple[str, ...]] = {
    TALLIES.name: ("redis",),
    BOOKS.name: ("redis", "mongo", "kafka"),
    GOLDEN.name: ("prometheus",),
    FLEET.name: ("daemon",),
    QUEUES.name: ("kafka",),
    LOG.name: ("redis", "mongo"),
}
"""Panel -> the engines without which it has no figures."""
EVENTS, OTHERS = 6, 3
HERE, ELSEWHERE = "producer-http", "producer-grpc"
"""Whose traffic the one Prometheus knows, and the other."""


class Target(FixedTarget):
    """Says where the doors are; what runs is asked of the daemon, through a door too."""

    def __init__(self, engines: Engines, socket: Path) -> None:
        super().__init__(engines)
        self._local = LocalTarget.from_settings(Settings(state_dir=socket.parent))

    async def fleet(self) -> Fleet:
        return await self._local.fleet()

    async def faults(self) -> Sequence[FaultStatus]:
        return await self._local.faults()

    async def loads(self) -> Sequence[LoadStatus]:
        return ()

    async def close(self) -> None:
        await self._local.close()


@dataclass
class Grounds:
    """Engines, what they hold, and the doors before them."""

    scenario: Scenario
    world: World
    other: World
    """The same topic as another Redis has it."""
    target: Target
    doors: dict[str, Door]
    homes: dict[str, Place]
    others: dict[str, Place]
    """Where an engine of the same kind is that knows other things."""

    async def fill(self) -> None:
        """Puts the usual events there, on a topic that has none."""
        await self.world.produce([vote()] * EVENTS)
        await self.world.store([vote()] * EVENTS)

    async def topic_anew(self) -> None:
        """The topic is removed and made again, with nothing in it."""
        name, kafka = keys.events_topic(self.scenario.name), self.world.engines.kafka
        async with topics_admin(kafka) as admin:
            await admin.delete_topics([name])

        async def made() -> bool:
            # a broker takes a moment to be done with the one before
            try:
                before = self.world.topic_id
                await self.world.open()
            except (TopicAlreadyExistsError, UnknownTopicOrPartitionError):
                return False
            return self.world.topic_id != before

        await until(made, "a topic anew", 30)

    async def begin_anew(self) -> None:
        """All stores follow the topic that was made anew."""
        await self.world.redis.flushdb()
        await self.world.documents.drop(self.scenario.name)
        await self.world.documents.ensure_indexes(self.scenario.name)
        self.world.offsets.clear()
        await self.fill()

    async def other_redis(self, what: str) -> None:
        """The other Redis has other counts, nothing, or under the same names what cannot be
        read: see OTHER."""
        redis, name = self.other.redis, self.scenario.name
        await redis.flushdb()
        if what == "counts":
            self.other.offsets.clear()
            self.other.topic_id = self.world.topic_id
            await self.other.count([vote()] * OTHERS)
        elif what == "others":
            await redis.hset("{strangers}:books", "counted", "7")
        elif what == "texts":
            await redis.set(keys.books_key(name), "abc")
        elif what == "no numbers":
            await redis.hset(keys.books_key(name), mapping={"counted": "abc", "version": "abc"})

    async def other_documents(self, what: str) -> None:
        """The document store loses all of the scenario, or has documents of other people."""
        await self.world.documents.drop(self.scenario.name)
        if what == "others":
            tp = keys.partition_id(self.world.topic_id, 0)
            found = [{"_id": str(o), "tp": tp, "o": o, "event": 7} for o in range(EVENTS)]
            await self.world.documents.insert(keys.logs_collection(self.scenario.name), found)

    async def documents_back(self) -> None:
        """What was lost is stored again, under the same ids."""
        await self.world.documents.drop(self.scenario.name)
        await self.world.documents.ensure_indexes(self.scenario.name)
        self.world.offsets.clear()
        await self.world.write_documents([vote()] * EVENTS)
        self.world.offsets[0] = EVENTS


OTHER = {
    "redis": ("counts", "nothing", "others", "texts", "no numbers"),
    "mongo": ("nothing", "others"),
    "kafka": ("a topic anew",),
    "prometheus": ("counts",),
}
"""Engine -> what else it may know."""
UNREADABLE = {("redis", "texts"), ("redis", "no numbers")}


def right(frame: Frame, panel: str) -> bool:
    """Whether this panel has the figures that were put there."""
    if panel == TALLIES.name:
        tallies = frame[TALLIES].value
        return tallies is not None and tallies.total == EVENTS
    if panel == BOOKS.name:
        books = frame[BOOKS].value
        return books is not None and books.books.closed and books.books.stored == EVENTS
    if panel == GOLDEN.name:
        return _traffic(frame) == {HERE}
    if panel == FLEET.name:
        fleet = frame[FLEET].value
        return fleet is not None and "consumer" in {one.name for one in fleet.deployments}
    if panel == QUEUES.name:
        queues = frame[QUEUES].value
        return queues is not None and (queues.end, queues.lag) == (EVENTS, EVENTS)
    log = frame[LOG].value
    if log is None or log.total != EVENTS:
        return False
    seen = [(line.partition, line.offset, line.stored) for line in log.lines]
    assert len(seen) == len(set(seen)), "a document stands in the log twice"
    return len(seen) >= EVENTS


def other(frame: Frame, engine: str, what: str) -> bool:
    """Whether what the other engine knows is shown, or that it cannot be read."""
    if (engine, what) in UNREADABLE:
        return frame[TALLIES].health.state == "reconnecting"
    if engine == "redis":
        tallies = frame[TALLIES].value
        return tallies is not None and tallies.total == (OTHERS if what == "counts" else 0)
    if engine == "prometheus":
        return _traffic(frame) == {ELSEWHERE}
    if engine == "kafka":
        queues = frame[QUEUES].value
        return queues is not None and queues.end == 0
    return True


def _traffic(frame: Frame) -> set[str]:
    golden = frame[GOLDEN].value
    return set() if golden is None else {row.deployment for row in golden.rows if row.rps}


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _through(url: str, at: Door) -> str:
    """The same address by way of the door."""
    return url.replace(f":{_place(url)[1]}", f":{at.port}")


@asynccontextmanager
async def grounds(
    engines: Engines, scenario: Scenario, state: Path, folder: Path
) -> AsyncIterator[Grounds]:
    """Makes them, full; they end with the block. `state`: the folder of a stack that is up."""
    async with AsyncExitStack() as held:
        enter = held.enter_async_context
        _, redis = await enter(redis_server(folder))
        _, redis_else = await enter(redis_server(folder))
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        here = await enter(scraping(folder / "a"))
        elsewhere = await enter(scraping(folder / "b"))
        own = replace(engines, redis=redis, prometheus=here.url)
        kafka = brokers_of(engines.kafka)
        doors = {
            "redis": await enter(door(_place(redis))),
            "mongo": await enter(door(_place(engines.mongo))),
            "kafka": await enter(door(_place(f"kafka://{kafka.bootstrap}"))),
            "prometheus": await enter(door(_place(here.url))),
            "daemon": await enter(door(stack_socket(state), stack_socket(folder))),
        }
        seen = replace(
            own,
            redis=_through(redis, doors["redis"]),
            mongo=_through(engines.mongo, doors["mongo"]),
            kafka=replace(kafka, bootstrap=f"127.0.0.1:{doors['kafka'].port}").url(),
            prometheus=_through(here.url, doors["prometheus"]),
        )
        target = Target(seen, stack_socket(folder))
        advertised = kafka.bootstrap.rpartition(":")[0]
        target.known = replace(
            target.known, brokers={advertised: f"127.0.0.1:{doors['kafka'].port}"}
        )
        made = Grounds(
            scenario,
            World(own, scenario),
            World(replace(own, redis=redis_else), scenario),
            target,
            doors,
            {"redis": _place(redis), "prometheus": _place(here.url)},
            {"redis": _place(redis_else), "prometheus": _place(elsewhere.url)},
        )
        await enter(_growing({HERE: here, ELSEWHERE: elsewhere}))
        await made.world.open()
        await made.fill()
        try:
            yield made
        finally:
            await made.other.documents.close()
            await made.other.redis.aclose()
            await made.world.close()


@asynccontextmanager
async def _growing(scraped: dict[str, Scraped]) -> AsyncIterator[None]:
    """Both Prometheus find counters that grow."""

    async def grow() -> None:
        count = 0
        while True:
            count += 1
            for name, each in scraped.items():
                each.text = (
                    f'response_total{{namespace="test",deployment="{name}",direction="inbound",'
                    f'classification="success",target_port="80",route_name="/"}} {count}\n'
                )
            await asyncio.sleep(0.2)

    task = asyncio.create_task(grow())
    try:
        yield
    finally:
        task.cancel()
