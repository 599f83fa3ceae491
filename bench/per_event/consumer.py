"""One message, one awaited count, one awaited insert, one awaited commit.

Environment: KAFKA_BOOTSTRAP, TOPIC, REDIS_URL, MONGO_URL.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from aiokafka import AIOKafkaConsumer
from motor.motor_asyncio import AsyncIOMotorClient
from redis.asyncio import Redis

from wire.kafka import brokers_from


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
            await redis.hincrby(topic, event["name"], 1)
            await logs.insert_one({"event": event, "at": message.timestamp})
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main())
