"""What Redis Pub/Sub has of a scenario beside what is published.

Each life of a producer has a name and numbers what it publishes. So a producer is a log, and the
number of a record its offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.asyncio import Redis

from wire import keys

KIND = "pubsub"


class Numbers(NamedTuple):
    """What one producer has published on a topic."""

    sent: int
    """Records."""
    heard: int
    """Up to which of them somebody was subscribed, at the last time at which anybody was."""


def base(scenario: str) -> str:
    """How all keys and channels begin."""
    return keys.queue_key(scenario, KIND)


def channel_of(scenario: str, topic: str) -> str:
    """Channel of a topic. A message: `<producer> <offset of its first record> <records> ` and the
    records."""
    return f"{base(scenario)}:{topic}"


def numbers_key(scenario: str, topic: str) -> str:
    """Redis hash, per producer: `sent:P` and `heard:P`, as Numbers."""
    return f"{channel_of(scenario, topic)}:numbers"


def members_key(scenario: str) -> str:
    """Redis sorted set: subscriber -> until when it is taken to live, ms since the epoch by the
    clock of Redis."""
    return f"{base(scenario)}:members"


def held_key(scenario: str, member: str) -> str:
    """Redis text with an expiry: what a subscriber has in its hands."""
    return f"{base(scenario)}:held:{member}"


async def numbers(redis: Redis, scenario: str, topic: str) -> dict[str, Numbers]:
    """Of every producer there ever was. Raises RedisError."""
    return read_numbers(await redis.hgetall(numbers_key(scenario, topic)))


def read_numbers(found: Mapping[Any, Any]) -> dict[str, Numbers]:
    """As `numbers_key` has them; also of a client that answers with bytes."""
    told: dict[str, dict[str, int]] = {}
    for name, number in found.items():
        text = name.decode() if isinstance(name, bytes) else str(name)
        what, _, producer = text.partition(":")
        told.setdefault(producer, {})[what] = int(number)
    return {
        producer: Numbers(each.get("sent", 0), each.get("heard", 0))
        for producer, each in told.items()
    }
