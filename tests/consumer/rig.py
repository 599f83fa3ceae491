"""One scenario on the real engines, and consumers of it as real processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Scenario
from tests.conftest import ROOT, Engines
from tests.ports import free_port
from wire import keys
from wire.bookkeeping import Auditor
from wire.committed import read_committed
from wire.documents import Documents, DocumentsError
from wire.kafka import client_arguments
from wire.queues.kafka.books import KafkaAccount, KafkaBooks
from wire.record import headers
from wire.stores import redis_client
from wire.topics import OffsetReader, ensure_topics


@dataclass
class Service:
    """A process of ours with its admin port and what it wrote."""

    process: asyncio.subprocess.Process
    admin: str
    log: Path

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.send_signal(signal.SIGKILL)

    async def stop(self) -> int:
        """As a stack does it; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 20)

    async def get(self, path: str) -> httpx.Response | None:
        """The answer of the admin port; None while there is none."""
        async with httpx.AsyncClient() as client:
            with contextlib.suppress(httpx.HTTPError):
                return await client.get(self.admin + path)
        return None

    async def metric(self, name: str) -> float:
        """The sum of one metric over its labels; 0 where it is absent."""
        answer = await self.get("/metrics")
        lines = answer.text.splitlines() if answer is not None else []
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith((f"{name} ", f"{name}{{"))
        )

    async def ready(self) -> bool:
        """Whether it says that it is ready."""
        answer = await self.get("/readyz")
        return answer is not None and answer.status_code == 200


@dataclass
class Rig:
    """Everything that a test of the stores needs."""

    engines: Engines
    path: Path
    scenario: Scenario
    redis: Redis
    documents: Documents
    offsets: OffsetReader
    producer: AIOKafkaProducer
    services: list[Service] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def topic(self) -> str:
        """The events topic."""
        return keys.events_topic(self.name)

    @property
    def account(self) -> KafkaAccount:
        """What Kafka says of it."""
        return KafkaAccount(self.name, self.offsets)

    def events(self, count: int, seed: int = 1) -> list[dict[str, Any]]:
        """Generated events, the same for the same seed."""
        codec, rng = EventCodec(self.scenario), Random(seed)
        return [codec.generate(rng) for _ in range(count)]

    def tallied(self, events: Sequence[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """The hashes that Redis holds once exactly these events are counted."""
        codec = EventCodec(self.scenario)
        hashes: dict[str, dict[str, int]] = {}
        for event in events:
            for kind, key, member, amount in codec.tally_writes(event):
                if kind == "hash":
                    found = hashes.setdefault(key, {})
                    found[member] = found.get(member, 0) + amount
        return {
            key: {member: str(amount) for member, amount in found.items()}
            for key, found in hashes.items()
        }

    async def tallies(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Those hashes as they are."""
        found: dict[str, dict[str, str]] = {}
        for name in names:
            counts = await self.redis.hgetall(keys.counter_key(self.name, name))
            found[name] = {str(member): str(count) for member, count in counts.items()}
        return found

    async def send(self, value: bytes, partition: int = 0, topic: str = "") -> None:
        """One record as a foreign producer writes it."""
        await self.producer.send_and_wait(topic or self.topic, value, partition=partition)

    async def books(self) -> KafkaBooks:
        """The books, counted from the start."""
        auditor = Auditor(self.name, self.redis, self.account, self.documents, exact=True)
        books = await auditor.audit()
        assert isinstance(books, KafkaBooks)
        return books

    async def settled(self, kafka: int, patience: float = 120.0) -> KafkaBooks:
        """The books once everything is handled and at least `kafka` records were there.

        AssertionError after `patience` seconds without any progress, however long all of it takes.
        An engine that does not answer meanwhile makes no progress.
        """
        version, deadline = -1, time.monotonic() + patience
        found: KafkaBooks | Exception
        while True:
            began = time.monotonic()
            try:
                found = await self.books()
                now = (await read_committed(self.redis, self.name)).version
            except (DocumentsError, RedisError, KafkaError) as error:
                found = error
            else:
                if found.kafka >= kafka and not found.in_flight:
                    return found
                if now != version:
                    version, deadline = now, time.monotonic() + patience
            assert time.monotonic() < deadline, f"{kafka} records are not handled: {found!r}"
            # an audit is work for the store, which has the records to take meanwhile
            await asyncio.sleep(max(0.2, time.monotonic() - began))

    async def logs(self) -> list[dict[str, Any]]:
        """Every stored event."""
        committed_offsets = await read_committed(self.redis, self.name)
        collection = keys.logs_collection(self.name)
        parts = [
            await self.documents.find(collection, wanted) for wanted in committed_offsets.ranges()
        ]
        return [document for part in parts for document in part]

    async def produce(
        self,
        events: Sequence[dict[str, Any]],
        first: int = 0,
        partitions: int = keys.PARTITIONS,
    ) -> list[str]:
        """Sends events in record batches, spread over the partitions; their ids."""
        ids = [f"e{first + n}" for n in range(len(events))]
        sent = []
        for start in range(0, len(events), 500):
            batch = self.producer.create_batch()
            for event_id, event in zip(
                ids[start : start + 500], events[start : start + 500], strict=True
            ):
                batch.append(
                    key=None,
                    value=json.dumps(event).encode(),
                    timestamp=None,
                    headers=headers(event_id, "http"),
                )
            partition = start // 500 % partitions
            sent.append(await self.producer.send_batch(batch, self.topic, partition=partition))
        await asyncio.gather(*sent)
        return ids

    async def consumer(self, name: str = "consumer-0", **environment: str) -> Service:
        """A consumer as a process of its own; it is started, not yet ready."""
        return await self.start("services.consumer", name, environment)

    async def reader(self, **environment: str) -> tuple[Service, str]:
        """A reader and the address where it answers; it is started, not yet ready."""
        port = free_port()
        service = await self.start(
            "services.reader", "reader-0", {"HTTP_PORT": str(port), **environment}
        )
        return service, f"http://127.0.0.1:{port}"

    async def start(self, module: str, name: str, environment: dict[str, str]) -> Service:
        """A module of ours as a process; it is started, not yet ready."""
        admin = free_port()
        log = self.path.parent / f"{name}-{admin}.log"
        given = {
            "SCENARIO": str(self.path),
            "KAFKA_BOOTSTRAP": self.engines.kafka,
            "REDIS_URL": self.engines.redis,
            "MONGO_URL": self.engines.mongo,
            "POD_NAME": name,
            "POD_IP": "127.0.0.1",
            "ADMIN_PORT": str(admin),
            "DRAIN_SECONDS": "0",
            **environment,
        }
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                cwd=ROOT,
                env={**os.environ, **given},
                stdout=output,
                stderr=output,
            )
        service = Service(process, f"http://127.0.0.1:{admin}", log)
        self.services.append(service)
        return service


@contextlib.asynccontextmanager
async def rig(engines: Engines, path: Path) -> AsyncIterator[Rig]:
    """A scenario with its topics, removed from Kafka and Redis at the end."""
    scenario = load(path)
    await ensure_topics(engines.kafka, scenario.name)
    producer = AIOKafkaProducer(
        **client_arguments(engines.kafka), acks="all", max_batch_size=1 << 20
    )
    await producer.start()
    made = Rig(
        engines,
        path,
        scenario,
        redis_client(engines.redis),
        # a question that is given up goes on in a busy store, beside the one that follows
        Documents(engines.mongo, timeout=30),
        OffsetReader(engines.kafka),
        producer,
    )
    try:
        yield made
    finally:
        for service in made.services:
            if service.process.returncode is None:
                service.kill()
                await service.process.wait()
        await producer.stop()
        await _clean(made)


async def _clean(made: Rig) -> None:
    await delete_topics(made, [made.topic, keys.rejected_topic(made.name)])
    async for key in made.redis.scan_iter(match=f"{{{made.name}}}:*", count=1000):
        await made.redis.delete(key)
    # documents stay: nobody uses the name again, and the Python store drops only some 1,000/s
    await made.documents.close()
    await made.redis.aclose()
    await made.offsets.close()


async def delete_topics(made: Rig, topics: list[str]) -> None:
    """Removes topics from the broker."""
    admin = AIOKafkaAdminClient(**client_arguments(made.engines.kafka))
    await admin.start()
    await admin.delete_topics(topics)
    await admin.close()


@pytest.fixture
async def bands(engines: Engines, make_scenario: Callable[[str], Path]) -> AsyncIterator[Rig]:
    """A scenario of votes of its own."""
    async with rig(engines, make_scenario("bands")) as made:
        yield made


@pytest.fixture
async def worldcup(engines: Engines, make_scenario: Callable[[str], Path]) -> AsyncIterator[Rig]:
    """A scenario of predictions of its own."""
    async with rig(engines, make_scenario("worldcup")) as made:
        yield made
