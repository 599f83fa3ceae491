"""Work that one consumer at a time does."""

from __future__ import annotations

import time
from collections.abc import Callable

from redis.asyncio import Redis

_SECONDS = 15
"""Seconds after which another consumer takes over from one that is silent."""


_SHARE = 4
"""So many times in that time whoever has it, or wants it, asks for it."""


class Lease:
    """A key in Redis that names who does it. It spares work, and nothing relies on it."""

    def __init__(
        self,
        redis: Redis,
        key: str,
        holder: str,
        seconds: int = _SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds`: after which another one has it, unless it is kept."""
        self._redis = redis
        self._key = key
        self._holder = holder
        self._seconds = seconds
        self.fresh = True
        """Whether it is held for the first time since it was somebody else's."""
        self._clock = clock
        self._asked = float("-inf")
        self._mine = False

    async def held(self) -> bool:
        """Takes it, or keeps it; asks Redis a few times in its `seconds`. Raises RedisError."""
        now = self._clock()
        if now - self._asked >= self._seconds / _SHARE:
            self._mine = await self._take()
            self._asked = now
        return self._mine

    async def _take(self) -> bool:
        if await self._redis.set(self._key, self._holder, nx=True, ex=self._seconds):
            self.fresh = True
            return True
        if await self._redis.get(self._key) != self._holder:
            self.fresh = True
            return False
        await self._redis.expire(self._key, self._seconds)
        return True
