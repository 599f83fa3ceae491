"""Work that one consumer at a time does."""

from __future__ import annotations

from redis.asyncio import Redis

_SECONDS = 15
"""Seconds after which another consumer takes over from one that is silent."""


class Lease:
    """A key in Redis that names who does it. It spares work, and nothing relies on it."""

    def __init__(self, redis: Redis, key: str, holder: str, seconds: int = _SECONDS) -> None:
        """`seconds`: after which another one has it, unless it is kept."""
        self._redis = redis
        self._key = key
        self._holder = holder
        self._seconds = seconds
        self.fresh = True
        """Whether it is held for the first time since it was somebody else's."""

    async def held(self) -> bool:
        """Takes it, or keeps it. Raises RedisError."""
        if await self._redis.set(self._key, self._holder, nx=True, ex=self._seconds):
            self.fresh = True
            return True
        if await self._redis.get(self._key) != self._holder:
            self.fresh = True
            return False
        await self._redis.expire(self._key, self._seconds)
        return True
