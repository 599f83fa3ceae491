"""Where the engines are now, asked of the target by every source that opens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from controlroom.targets.abilities import Endpoints, Located

Where = Callable[[], Awaitable[str]]
"""An address as it is now; asked at every opening, because a restart changes the ports."""
Ways = Callable[[], Awaitable[Mapping[str, str]]]
"""Where brokers are that cannot be reached at what they advertise."""
FRESH = 1.0
"""Seconds that an answer serves all sources, which open at about the same time."""


class Doors:
    """The target's addresses. All raise Unreachable."""

    def __init__(self, target: Located) -> None:
        self._target = target
        self._known: Endpoints | None = None
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def kafka(self) -> str:
        """`host:port`."""
        return await self.door("kafka")

    async def brokers(self) -> Mapping[str, str]:
        """Ways to brokers that cannot be reached at what they advertise."""
        return (await self.endpoints()).brokers

    async def redis(self) -> str:
        """URL with its password."""
        return await self.door("redis")

    async def mongo(self) -> str:
        """URL with its password."""
        return await self.door("mongo")

    async def prometheus(self) -> str:
        """URL."""
        return await self.door("prometheus")

    async def namespace(self) -> str:
        """Namespace of the services, as their series are labelled."""
        return (await self._target.info()).details.get("namespace", "default")

    async def door(self, name: str) -> str:
        """The address of any door by its name. Raises Refused where the target has none."""
        return (await self.endpoints()).door(name)

    async def endpoints(self) -> Endpoints:
        """All of them."""
        async with self._asking:
            if self._known is None or time.monotonic() - self._asked > FRESH:
                self._known = await self._target.endpoints()
                self._asked = time.monotonic()
            return self._known
