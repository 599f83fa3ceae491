"""Values that clients keep in Redis by name: bounded, for a time, and apart from all counters."""

from __future__ import annotations

from typing import Any, cast

from redis.asyncio import Redis

MOST_KEYS = 10_000
MOST_BYTES = 16 << 10
"""Of one value."""
MOST_NAME = 200
"""Characters of a name."""
SECONDS = 24 * 3_600
"""How long a value is kept after it was written."""

_WRITE = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known, most = redis.call('ZSCORE', KEYS[1], ARGV[1]), tonumber(ARGV[4])
if not known and redis.call('ZCARD', KEYS[1]) >= most then
  return 0
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""


class Kept:
    """The values of one scenario. Methods raise RedisError."""

    def __init__(self, redis: Redis, scenario: str, most: int = MOST_KEYS) -> None:
        self._redis = redis
        # a hash tag of its own: no name leads to a key of the pipeline
        self._space = f"{{{scenario}-kept}}"
        self._most = most

    async def write(self, name: str, value: str) -> bool:
        """Keeps a value in the place of an older one; False where there is no room for a name."""
        client = cast(Any, self._redis)
        where = (f"{self._space}:names", self._key(name))
        return bool(await client.eval(_WRITE, 2, *where, name, value, SECONDS, self._most))

    async def read(self, name: str) -> str | None:
        """The value; None where there is none."""
        found = await self._redis.get(self._key(name))
        return None if found is None else str(found)

    def _key(self, name: str) -> str:
        return f"{self._space}:value:{name}"
