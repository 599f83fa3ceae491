"""A scenario that goes by one queue of the product, with producers and consumers as processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
from redis.asyncio import Redis

from scenarios.events import EventCodec
from scenarios.loading import load
from tests.conftest import Engines
from tests.producers.running import Producers, Service, producers
from tests.waiting import until
from wire import keys
from wire.bookkeeping import Auditor
from wire.books import Books
from wire.committed import read_committed
from wire.documents import Documents
from wire.queues.kind import Where
from wire.queues.registry import queue_kind
from wire.ranges import Range
from wire.stores import redis_client

PATIENCE = 60.0
HTTP, CONSUMER = "services.producer_http", "services.consumer"


class Pipeline:
    """One scenario and its queue. Its services are told of no Kafka."""

    def __init__(self, running: Producers, redis: str = "") -> None:
        """`redis`: the address of another Redis than that of the engines."""
        self._running = running
        self._url = redis or running.engines.redis
        self.scenario = load(running.scenario)
        self.redis: Redis = redis_client(self._url, timeout=30)
        self.documents = Documents(running.engines.mongo, timeout=30)
        self.kind = queue_kind(self.scenario.queue)
        self.where = Where(self.redis, lambda _: self._url)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    async def begin(self, module: str, **env: str) -> Service:
        """A service of it, once it is ready."""
        given = {"KAFKA_BOOTSTRAP": "", "MONGO_URL": self._running.engines.mongo}
        given |= {"REDIS_URL": self._url, **env}
        service = await self._running.start(module, ready=False, **given)
        await until(service.ready, f"{module} is ready", PATIENCE)
        return service

    def events(self, count: int, seed: int = 1) -> list[dict[str, Any]]:
        """Generated events, the same for the same seed."""
        codec, rng = EventCodec(self.scenario), Random(seed)
        return [codec.generate(rng) for _ in range(count)]

    async def books(self) -> Books:
        """The books, every document counted."""
        account = self.kind.account(self.name, self.where)
        auditor = Auditor(self.name, self.redis, account, self.documents, exact=True)
        try:
            return await auditor.audit()
        finally:
            await auditor.close()
            await account.close()

    async def figures(self) -> dict[str, Any]:
        """The same, as JSON."""
        return (await self.books()).to_json()

    async def handled(self, **wanted: int) -> dict[str, Any]:
        """The figures once these are so, and nothing is on its way."""
        told: dict[str, Any] = {}

        async def done() -> bool:
            nonlocal told
            told = await self.figures()
            return not told["in_flight"] and all(told[n] == v for n, v in wanted.items())

        try:
            await until(done, str(wanted), PATIENCE, 0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}; the books say {told}") from None
        return told

    async def stored(self) -> list[dict[str, Any]]:
        """Every document of an event that is counted."""
        committed = await read_committed(self.redis, self.name)
        collection = keys.logs_collection(self.name)
        parts = [await self.documents.find(collection, wanted) for wanted in committed.ranges()]
        return [document for part in parts for document in part]

    async def remove(self, wanted: Range) -> None:
        """Removes documents behind everybody's back."""
        await self.documents.clear(keys.logs_collection(self.name), wanted)

    async def close(self) -> None:
        """Removes what Redis has of it."""
        async for key in self.redis.scan_iter(match=f"{{{self.name}}}:*", count=1000):
            await self.redis.delete(key)
        await self.redis.aclose()
        await self.documents.close()


@asynccontextmanager
async def pipeline_of(
    queue: str,
    engines: Engines,
    make_scenario: Callable[[str], Path],
    folder: Path,
    redis: str = "",
) -> AsyncIterator[Pipeline]:
    """The band vote by that queue; what was started ends with the block."""
    made = make_scenario("bands")
    made.write_text(f'queue = "{queue}"\n{made.read_text()}')
    async with producers(engines, made, folder) as running:
        pipeline = Pipeline(running, redis)
        try:
            yield pipeline
        finally:
            running.end()
            await pipeline.close()


async def post(producer: Service, body: object, status: int = 201, key: str = "") -> httpx.Response:
    """One request, as a client sends it; `key`: the id that it gives."""
    headers = {"x-event-id": key} if key else {}
    async with httpx.AsyncClient() as client:
        url = producer.url("/input")
        answer = await client.post(url, json=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == status, answer.text
    return answer


def values(events: Sequence[dict[str, Any]]) -> list[str]:
    """Events in an order that says nothing of when they came."""
    return sorted(repr(sorted(event.items())) for event in events)
