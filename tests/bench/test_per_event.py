"""The pipeline per event, beside which ours is set, survives what others like it survive."""

import asyncio
import contextlib
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.group import LeaveGroupRequest
from redis.asyncio import Redis

from bench.processes import running
from tests.conftest import Engines
from tests.ports import free_port
from tests.relay import relay
from tests.topics import topics_admin
from tests.waiting import until
from wire.kafka import client_arguments

CONSUMER = [sys.executable, "-m", "bench.per_event.consumer"]
PATIENCE = 60.0

More = Callable[[int], Awaitable[None]]
"""Returns when so many events more are counted."""


@pytest.fixture
async def topic(engines: Engines) -> AsyncIterator[str]:
    """A topic of one partition that nobody else knows."""
    name = f"bench-each-{uuid.uuid4().hex[:8]}"
    async with topics_admin(engines.kafka) as admin:
        await admin.create_topics([NewTopic(name, 1, 1)])
        yield name
        await admin.delete_topics([name])


@asynccontextmanager
async def events(engines: Engines, topic: str) -> AsyncIterator[More]:
    """They keep coming while the block lasts."""
    async with (
        Redis.from_url(engines.redis) as redis,
        AIOKafkaProducer(**client_arguments(engines.kafka)) as producer,
    ):

        async def come() -> None:
            value = json.dumps({"name": "one"}).encode()
            while True:
                await producer.send_and_wait(topic, value)
                await asyncio.sleep(0.005)

        async def counted() -> int:
            return int(await redis.hget(topic, "one") or 0)

        async def more(count: int) -> None:
            wanted = await counted() + count

            async def there() -> bool:
                return await counted() >= wanted

            await until(there, f"{count} events more are counted", PATIENCE)

        coming = asyncio.ensure_future(come())
        try:
            yield more
        finally:
            coming.cancel()
            await redis.delete(topic)


async def throw_out(admin: AIOKafkaAdminClient, group: str) -> None:
    """Takes the group's member out of it, as a group does that goes on without it."""

    async def member() -> str | None:
        (answer,) = await admin.describe_consumer_groups([group])
        members = answer.groups[0][5]
        return str(members[0][0]) if members else None

    name = await until(member, "the group has a member", PATIENCE)
    await admin._send_request(LeaveGroupRequest(group, name))


async def test_a_commit_that_the_group_refuses_ends_no_process(
    engines: Engines, topic: str
) -> None:
    env = {
        "KAFKA_BOOTSTRAP": engines.kafka,
        "TOPIC": topic,
        "REDIS_URL": engines.redis,
        "MONGO_URL": engines.mongo,
    }
    async with (
        topics_admin(engines.kafka) as admin,
        events(engines, topic) as more,
        running(CONSUMER, [env]),
    ):
        await more(20)
        for _ in range(3):
            # the member learns it by its next commit, which is the next event's
            await throw_out(admin, topic)
            await more(20)


@pytest.mark.parametrize("store", ["redis", "mongo"])
async def test_a_store_that_is_away_for_a_moment_ends_no_process(
    engines: Engines, topic: str, store: str
) -> None:
    address = getattr(engines, store)
    upstream, port = int(re.findall(r":(\d+)", address)[-1]), free_port()
    env = {
        "KAFKA_BOOTSTRAP": engines.kafka,
        "TOPIC": topic,
        "REDIS_URL": engines.redis,
        "MONGO_URL": engines.mongo,
    } | {f"{store.upper()}_URL": address.replace(f":{upstream}", f":{port}")}
    async with events(engines, topic) as more, contextlib.AsyncExitStack() as stack:
        async with relay(port, upstream):
            await stack.enter_async_context(running(CONSUMER, [env]))
            await more(20)
        async with relay(port, upstream):
            await more(20)
