"""One message, one awaited count, one awaited insert, one awaited commit.

A step that a store fails is done again, and a commit that the group refuses is left to whoever
has the partition now, as usual implementations do both: an event may be handled twice then.

Environment: KAFKA_BOOTSTRAP, TOPIC, REDIS_URL, MONGO_URL.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConnectionFailure
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisLate

from wire.kafka import brokers_from

AWAY = (RedisAway, RedisLate, ConnectionFailure, OSError)
_PAUSE = 0.2

log = logging.getLogger(__name__)


async def main() -> None:
    """Consumes until it is killed."""
    topic = os.environ["TOPIC"]
    redis = Redis.from_url(os.environ["REDIS_URL"])
    mongo: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(os.environ["MONGO_URL"])
    logs = mongo["controlroom"][topic]
    async with AIOKafkaConsumer(
        topic,
        **brokers_from(os.environ).arguments(),
        group_id=topic,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    ) as consumer:
        async for message in consumer:
            event = json.loads(message.value)
            await insisting(partial(redis.hincrby, topic, event["name"], 1))
            document = {"event": event, "at": message.timestamp}
            await insisting(partial(stored, logs, document))
            await committed(consumer)


async def stored(logs: Any, document: dict[str, Any]) -> None:
    # a copy: the driver adds an id, by which a second try would be refused
    await logs.insert_one(dict(document))


async def insisting(step: Callable[[], Awaitable[Any]]) -> None:
    """Does it until the store has answered."""
    while True:
        try:
            await step()
            return
        except AWAY as error:
            log.warning("again: %s", error)
            await asyncio.sleep(_PAUSE)


async def committed(consumer: AIOKafkaConsumer) -> None:
    """Commits what was read, unless the group has given it to another member meanwhile."""
    try:
        await consumer.commit()
    except (CommitFailedError, IllegalStateError) as error:
        log.warning("not committed: %s", error)


if __name__ == "__main__":
    asyncio.run(main())
