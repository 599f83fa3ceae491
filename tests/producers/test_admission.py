"""Acceptance stops before the stores break, on both doors, and opens again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import grpc
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from redis.asyncio import Redis

from services.pb import controlroom_pb2 as pb
from services.pb import controlroom_pb2_grpc
from services.queues.kafka import admission as valves
from tests.conftest import Engines
from tests.ports import free_port
from tests.producers.running import MakeScenario, Producers, producers, trailing
from tests.producers.test_grpc import VOTE
from tests.producers.test_http import GOOD
from tests.waiting import until
from wire import keys
from wire.backlog import read_backlog
from wire.disk import Shortage, tell
from wire.ending import end
from wire.kafka import client_arguments
from wire.metadata import Topic
from wire.stores import redis_client
from wire.topics import OffsetReader

BODY = [GOOD["bands"]] * 1_000
SMALL = 64 << 10


@pytest.fixture
async def redis(engines: Engines) -> AsyncIterator[Redis]:
    """A database that no stack writes to."""
    client = redis_client(engines.redis.replace("/0", "/9"))
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
async def cast(
    engines: Engines, redis: Redis, make_scenario: MakeScenario, tmp_path: Path
) -> AsyncIterator[Producers]:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        yield cast


def apart(cast: Producers) -> str:
    """The Redis of these tests."""
    return cast.engines.redis.replace("/0", "/9")


async def refused(url: str, code: str) -> httpx.Response | None:
    """The answer of a door that refuses for that reason; None while it does not."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/input", json=GOOD["bands"])
    found = answer.status_code == 503 and answer.json()["code"] == code
    return answer if found else None


async def accepted(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{url}/input", json=GOOD["bands"])).status_code == 201


async def test_a_nearly_full_disk_shuts_both_doors_until_there_is_space(
    cast: Producers, redis: Redis
) -> None:
    port = str(free_port())
    server = await cast.start(
        "services.producer_grpc.server", GRPC_PORT=port, REDIS_URL=apart(cast)
    )
    front = await cast.start("services.producer_grpc.front", GRPC_SERVER_PORT=port)
    plain = await cast.start("services.producer_http", REDIS_URL=apart(cast))
    paths = [plain.url(""), front.url("/grpc")]
    for url in paths:
        assert await accepted(url)

    async def shut(url: str) -> httpx.Response | None:
        # the word expires, so whoever gives it gives it again
        await tell(redis, "mongo", Shortage("mongo", 10 << 20, 100 << 20))
        return await refused(url, "disk_full")

    for url in paths:
        answer = await until(partial(shut, url), "acceptance stops")
        assert int(answer.headers["retry-after"]) > 0
        assert "mongo" in answer.json()["error"]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.env['GRPC_PORT']}") as channel:
        stub = controlroom_pb2_grpc.IngestStub(channel)
        event = pb.Event(fields={name: pb.Value(text=text) for name, text in VOTE.items()})
        await until(lambda: shut(paths[1]), "acceptance is still shut")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Send(event)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    told = trailing(raised.value)
    assert told["code"] == "disk_full"
    assert int(str(told["retry-after"])) > 0
    await tell(redis, "mongo", None)
    for url in paths:
        await until(partial(accepted, url), "acceptance is open again")


async def test_more_than_kafka_keeps_is_not_taken_before_it_is_read(
    cast: Producers, redis: Redis
) -> None:
    service = await cast.start(
        "services.producer_http",
        TOPIC_BYTES_PER_PARTITION=str(SMALL),
        REDIS_URL=apart(cast),
    )
    topic = keys.events_topic(cast.name)
    async with OffsetReader(cast.engines.kafka) as reader:
        assert await reader.retention_bytes(topic) == SMALL

    async def fill() -> httpx.Response | None:
        async with httpx.AsyncClient() as client:
            await client.post(service.url("/input"), json=BODY)
        return await refused(service.url(""), "backlog_full")

    answer = await until(fill, "acceptance stops")
    assert int(answer.headers["retry-after"]) > 0
    await read_all(cast.engines.kafka, topic, keys.consumer_group(cast.name))
    await until(lambda: accepted(service.url("")), "acceptance is open again")


class Looking(OffsetReader):
    """Counts the looks at what waits; each begins with the topic."""

    looks = 0

    async def topic(self, name: str) -> Topic:
        self.looks += 1
        return await super().topic(name)


async def test_what_waits_is_looked_at_often_only_while_somebody_asks_to_be_let_in(
    cast: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cast.start("services.producer_http")
    monkeypatch.setattr(valves, "_QUEUE_EVERY", 0.05)
    async with Looking(cast.engines.kafka) as reader:
        admission = valves.AdmissionControl(cast.name, None, reader, 0)
        running = asyncio.create_task(admission.run())

        def looked(times: int) -> bool:
            return reader.looks >= times

        try:
            await until(lambda: reader.looks > 0, "the first look")
            # absence takes time: that of five looks
            async with OffsetReader(cast.engines.kafka) as other:
                for _ in range(5):
                    await read_backlog(other, cast.name)
                    await asyncio.sleep(0.05)
            assert reader.looks == 1
            for wanted in (2, 3):
                admission.check()
                await until(partial(looked, wanted), "a look after the use")
        finally:
            await end([running])


async def read_all(bootstrap: str, topic: str, group: str) -> None:
    """Commits everything, as consumers do that have come to the end."""
    consumer = AIOKafkaConsumer(
        **client_arguments(bootstrap), group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(keys.PARTITIONS)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()
