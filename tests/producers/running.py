"""Producers as real processes, and what they wrote, read by a plain Kafka client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.conftest import ROOT, Engines
from tests.ports import free_port
from tests.waiting import until
from wire import keys
from wire.kafka import client_arguments
from wire.topics import OffsetReader


@dataclass
class Service:
    """One running service."""

    process: subprocess.Popen[bytes]
    env: dict[str, str]
    log: Path

    def url(self, path: str) -> str:
        """An address of its HTTP port."""
        return f"http://127.0.0.1:{self.env['HTTP_PORT']}{path}"

    async def admin(self, path: str) -> httpx.Response | None:
        """The answer of its admin port; None while it does not listen."""
        async with httpx.AsyncClient() as client:
            try:
                return await client.get(f"http://127.0.0.1:{self.env['ADMIN_PORT']}{path}")
            except httpx.TransportError:
                return None

    async def ready(self) -> bool:
        """Whether it says that it is ready; AssertionError with its log where it has ended."""
        assert self.process.poll() is None, self.log.read_text()
        answer = await self.admin("/readyz")
        return answer is not None and answer.status_code == 200

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)


@dataclass
class Producers:
    """Starts services of one scenario and ends them."""

    engines: Engines
    scenario: Path
    folder: Path
    started: list[Service] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.stem

    async def start(self, module: str, *, ready: bool = True, **env: str) -> Service:
        """A service as a process of its own."""
        service = self._spawn(module, env)
        if ready:
            await until(service.ready, f"{module} is ready")
        return service

    def _spawn(self, module: str, env: dict[str, str]) -> Service:
        given = {
            "SCENARIO": str(self.scenario),
            "KAFKA_BOOTSTRAP": self.engines.kafka,
            "REDIS_URL": self.engines.redis,
            "POD_NAME": f"pod-{len(self.started)}",
            "POD_IP": "127.0.0.1",
            "HTTP_PORT": str(free_port()),
            "GRPC_PORT": str(free_port()),
            "ADMIN_PORT": str(free_port()),
            "LEDGER_DIR": str(self.folder / "ledger"),
            "DRAIN_SECONDS": "0",
            **env,
        }
        log = self.folder / f"{given['POD_NAME']}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **given},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        service = Service(process, given, log)
        self.started.append(service)
        return service

    def end(self) -> None:
        """End all that still run."""
        for service in self.started:
            if service.process.poll() is None:
                service.process.kill()
                service.process.wait(10)

    async def events(self, count: int) -> list[Any]:
        """The first records of the events topic; fails where fewer come, or more are there."""
        return await read(self.engines.kafka, keys.events_topic(self.name), count)

    async def rejected(self, count: int) -> list[dict[str, Any]]:
        """The values of the rejected topic."""
        records = await read(self.engines.kafka, keys.rejected_topic(self.name), count)
        return [json.loads(record.value) for record in records]


@asynccontextmanager
async def producers(engines: Engines, scenario: Path, folder: Path) -> AsyncIterator[Producers]:
    """Producers that are ended with the block."""
    running = Producers(engines, scenario, folder)
    try:
        yield running
    finally:
        running.end()


async def read(bootstrap: str, topic: str, count: int) -> list[Any]:
    """All records of a topic, in order of their time; there must be exactly `count`."""
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False)
    await consumer.start()
    try:
        async with OffsetReader(bootstrap) as reader:
            found = (await reader.topic(topic)).leaders
        partitions = [TopicPartition(topic, partition) for partition in found]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        records: list[Any] = []
        ends = await consumer.end_offsets(partitions)
        assert sum(ends.values()) == count, f"{topic} holds {sum(ends.values())} records"
        async with asyncio.timeout(15):
            while len(records) < count:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
        return sorted(records, key=lambda record: (record.timestamp, record.partition))
    finally:
        await consumer.stop()


MakeScenario = Callable[[str], Path]


def trailing(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    """What a refused call says beside its status."""
    return dict(cast(Any, error.trailing_metadata() or ()))
