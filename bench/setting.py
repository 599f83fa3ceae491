"""What all rows of the table share: the stack, its addresses, plain readings of its stores."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient
from redis.asyncio import Redis

from bench.bodies import SCENARIO
from scenarios.loading import file_of
from tests.own_stack import OwnStack
from wire import keys
from wire.documents import Documents
from wire.kafka import client_arguments

PARTITIONS = keys.PARTITIONS


@dataclass(frozen=True)
class Scratch:
    """A scenario of the bench's own, and the environment of services that work on it."""

    name: str
    env: dict[str, str]


@dataclass
class Setting:
    """One run of the bench. Times are seconds."""

    stack: OwnStack
    doors: dict[str, str]
    seconds: float
    rounds: int
    backlog: int

    def ports(self, deployment: str, port: str) -> list[str]:
        """`127.0.0.1:port` of each pod, past the ingress, so that it is not measured too."""
        return [
            f"127.0.0.1:{container['ports'][port]}"
            for pod in self.stack.status()["pods"]
            if pod["deployment"] == deployment
            for container in pod["containers"]
            if port in container["ports"]
        ]

    @contextlib.asynccontextmanager
    async def scratch(self, queue: str = "kafka") -> AsyncIterator[Scratch]:
        """A scenario that only the bench knows; nothing of it is left afterwards."""
        name = f"{SCENARIO}-{uuid.uuid4().hex[:6]}"
        with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
            file = Path(folder) / f"{name}.toml"
            text = file_of(SCENARIO).read_text()
            named = text.replace(f'name = "{SCENARIO}"', f'name = "{name}"', 1)
            file.write_text(f'queue = "{queue}"\n{named}')
            env = {
                "SCENARIO": str(file),
                "KAFKA_BOOTSTRAP": self.doors["kafka"],
                "REDIS_URL": self.doors["redis"],
                "MONGO_URL": self.doors["mongo"],
                "POD_IP": "127.0.0.1",
                "LEDGER_DIR": folder,
                "DRAIN_SECONDS": "0",
            }
            try:
                yield Scratch(name, env)
            finally:
                await self._forget(name)

    async def _forget(self, scenario: str) -> None:
        store = Documents(self.doors["mongo"])
        await store.drop(scenario)
        await store.close()
        async with self.redis() as redis:
            found = [key async for key in redis.scan_iter(f"{{{scenario}}}:*")]
            if found:
                await redis.delete(*found)
        await self.drop_topics(keys.events_topic(scenario), keys.rejected_topic(scenario))

    def redis(self) -> Redis:
        """A client of its own."""
        return Redis.from_url(self.doors["redis"], decode_responses=True)

    def mongo(self) -> Any:
        """The database, by a client of its own."""
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(self.doors["mongo"])
        return client[keys.DATABASE]

    async def counted(self, scenario: str) -> int:
        """Events that are counted, which is after they were stored."""
        async with self.redis() as redis:
            return int(await redis.hget(keys.books_key(scenario), "counted") or 0)

    async def make_topic(self, name: str) -> None:
        """A topic with as many partitions as that of the events."""
        admin = AIOKafkaAdminClient(**client_arguments(self.doors["kafka"]))
        await admin.start()
        await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
        await admin.close()

    async def drop_topics(self, *names: str) -> None:
        """Removes topics of the bench."""
        admin = AIOKafkaAdminClient(**client_arguments(self.doors["kafka"]))
        await admin.start()
        await admin.delete_topics(list(names))
        await admin.close()

    def producer(self) -> AIOKafkaProducer:
        """A plain producer; start it."""
        return AIOKafkaProducer(**client_arguments(self.doors["kafka"]), max_batch_size=1_000_000)

    def reader(self) -> AIOKafkaConsumer:
        """A plain reader without a group; start it."""
        return AIOKafkaConsumer(
            **client_arguments(self.doors["kafka"]),
            auto_offset_reset="earliest",
            group_id=None,
            isolation_level="read_committed",
        )


async def reached(
    probe: Callable[[], Any], wanted: int, seconds: float = 600.0, every: float = 0.02
) -> float:
    """The moment (perf_counter) at which the asynchronous probe gave `wanted` or more."""
    async with asyncio.timeout(seconds):
        while await probe() < wanted:
            await asyncio.sleep(every)
    return time.perf_counter()
