"""What Redis Streams have of a scenario: their keys, and what is in them.

A topic is a number of streams, its partitions, and lives in generations. A new one begins where
Redis may have lost the end of the one before, so no offset is ever given to two records. An entry
is what was published together; its id is `<offset of its first record>-1`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from wire import keys

KIND = "streams"
CURRENT = "current"
"""Field of a topic's hash: the generation that is published to."""


def base(scenario: str) -> str:
    """How all keys begin."""
    return keys.queue_key(scenario, KIND)


def topic_key(scenario: str, topic: str) -> str:
    """Redis hash of a topic: generation -> number of its partitions, and `current`."""
    return f"{base(scenario)}:{topic}"


def generation_key(scenario: str, generation: str) -> str:
    """Redis hash of a generation, per partition: `end:P` records that it has taken, `put:P` bytes
    of them, `done:P` bytes of those that are counted, `ready:P` once it may be received from;
    `before` is the generation before it."""
    return f"{base(scenario)}:{generation}"


def stream_key(scenario: str, generation: str, partition: int) -> str:
    """Redis stream of one partition. Entries: `n` records, `b` bytes up to its end (`put:P`), `e`
    the records."""
    return f"{base(scenario)}:{generation}:{partition}"


def lease_key(scenario: str, generation: str, partition: int) -> str:
    """Redis text with an expiry: the member that receives from a partition."""
    return f"{stream_key(scenario, generation, partition)}:owner"


def sent_key(scenario: str, publisher: str) -> str:
    """Redis text with an expiry: number of the last group that one place of a publisher has sent,
    so that sending it again adds nothing."""
    return f"{base(scenario)}:by:{publisher}"


def members_key(scenario: str) -> str:
    """Redis sorted set: member -> until when it is taken to live, ms since the epoch by the clock
    of Redis."""
    return f"{base(scenario)}:members"


_FIRST = """
local found = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
return found[1] and found[1][1]
"""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a topic."""

    topic: str
    id: str
    """Stands where the id of a topic stands."""
    current: bool
    ends: dict[int, int] = field(default_factory=dict)
    """Partition -> records that it has taken."""
    before: str = ""
    """The generation before it; empty for the first."""
    ready: frozenset[int] = frozenset()
    """Partitions that may be received from, as all before them is counted."""


async def generations(redis: Redis, scenario: str, topic: str) -> list[Generation]:
    """Those that are there, ends included. Raises RedisError."""
    found = _text(await redis.hgetall(topic_key(scenario, topic)))
    current = found.pop(CURRENT, "")
    names = sorted(found)
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(generation_key(scenario, name))
        hashes = await pipe.execute() if names else []
    made: list[Generation] = []
    for name, each in zip(names, map(_text, hashes), strict=True):
        partitions = range(int(found[name]))
        ends = {p: int(each.get(f"end:{p}", 0)) for p in partitions}
        ready = frozenset(p for p in partitions if f"ready:{p}" in each)
        made.append(Generation(topic, name, name == current, ends, each.get("before", ""), ready))
    return made


async def begin(redis: Redis, scenario: str, generation: str, partition: int) -> int | None:
    """Offset of the first record that a stream has; None where it has none. Raises RedisError."""
    found = await redis.eval_ro(_FIRST, 1, stream_key(scenario, generation, partition))
    return None if found is None else int(_str(found).partition("-")[0])


def _text(found: dict[Any, Any]) -> dict[str, str]:
    """Also of a client that answers with bytes."""
    return {_str(name): _str(value) for name, value in found.items()}


def _str(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
