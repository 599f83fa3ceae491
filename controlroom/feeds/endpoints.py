"""Addresses of the engines. Each source asks the target for them when it opens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from controlroom.targets.abilities import Endpoints, Located

AskAddress = Callable[[], Awaitable[str]]
"""Asks for an address. A source asks each time it opens, because a restart changes the ports."""
FRESH = 1.0
"""Seconds for which one answer of the target is used again: all sources open at about the same
time."""


class LiveEndpoints:
    """The target's addresses. All raise Unreachable."""

    def __init__(self, target: Located) -> None:
        self._target = target
        self._known: Endpoints | None = None
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def kafka(self) -> str:
        """`host:port`."""
        return await self.address("kafka")

    async def brokers(self) -> Mapping[str, str]:
        """Addresses of brokers that cannot be reached at what they advertise."""
        return (await self.endpoints()).brokers

    async def redis(self) -> str:
        """URL with its password."""
        return await self.address("redis")

    async def mongo(self) -> str:
        """URL with its password."""
        return await self.address("mongo")

    async def prometheus(self) -> str:
        """URL."""
        return await self.address("prometheus")

    async def namespace(self) -> str:
        """Namespace of the services, as their series are labelled."""
        return (await self._target.info()).details.get("namespace", "default")

    async def address(self, name: str) -> str:
        """The address of any endpoint by its name. Raises Refused where the target has none."""
        return (await self.endpoints()).address(name)

    async def endpoints(self) -> Endpoints:
        """All of them."""
        async with self._asking:
            if self._known is None or time.monotonic() - self._asked > FRESH:
                self._known = await self._target.endpoints()
                self._asked = time.monotonic()
            return self._known
