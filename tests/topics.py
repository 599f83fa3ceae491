"""Kafka's topics, changed by hand.

Every client of a test is made with `wire.kafka.client_arguments(engines.kafka)`: the tests' own
broker asks for a login, as that of every local stack.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient

from wire.kafka import client_arguments


@asynccontextmanager
async def topics_admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client."""
    client = AIOKafkaAdminClient(**client_arguments(bootstrap))
    await client.start()
    try:
        yield client
    finally:
        await client.close()
