"""Stops acceptance before the stores break, and opens again by itself: what is the same for all
queues."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from redis.exceptions import RedisError

from services.queues.port import Unavailable
from services.shared import logline
from services.shared.beside import run_beside
from services.shared.settings import Settings
from wire import disk, problems
from wire.ending import end
from wire.problems import Problem
from wire.stores import redis_client

RETRY_AFTER = 5
"""Seconds until a client should ask again: space does not come back at once."""
DISK_EVERY = 1.0
UNUSED_DISK_EVERY = 5.0
"""Seconds between two looks at the disks, and while no request comes in. The first one ends the
pause."""
_GOOD_FOR = 20.0
"""Seconds for which the last answer of a source counts while the source does not answer."""

Look = Callable[[], Awaitable[str]]
"""Asks a source. Answers why events must be refused now, or an empty text."""


class Source:
    """One reason to be shut, and when it was last heard of."""

    def __init__(
        self, problem: Problem, look: Look, errors: tuple[type[Exception], ...] = ()
    ) -> None:
        """`errors`: of the source's client, beside those of Redis and of connections."""
        self.problem = problem
        self.reason = ""
        self.used = asyncio.Event()
        """Set when somebody asked to be let in since the last look."""
        self._look = look
        self._errors: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError, *errors)
        self._heard = time.monotonic()

    def check(self) -> None:
        """Raises Unavailable while it is shut."""
        self.used.set()
        if self.reason:
            raise Unavailable(self.reason, RETRY_AFTER, self.problem)

    async def follow(self, every: float, unused: float = 0.0) -> None:
        """Ask until cancelled; where `unused` is given, only so often while it is open and nobody
        uses it."""
        while True:
            self.used.clear()
            await self._ask()
            await asyncio.sleep(every)
            if unused and not self.reason:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.used.wait(), unused - every)

    async def _ask(self) -> None:
        """Take the source's word where it has one."""
        try:
            reason = await self._look()
        except self._errors:
            if time.monotonic() - self._heard < _GOOD_FOR:
                return
            reason = ""
        else:
            self._heard = time.monotonic()
        if bool(reason) != bool(self.reason):
            logline.warning("acceptance is shut" if reason else "acceptance is open", reason=reason)
        self.reason = reason


@contextlib.asynccontextmanager
async def watching_disks(settings: Settings) -> AsyncIterator[Source]:
    """Shut while the disk of a store is nearly full, as somebody who can see it says in Redis."""
    redis = redis_client(
        settings.redis_url, settings.redis_password, settings.redis_username, timeout=2.0
    )

    async def told() -> str:
        found = await disk.shortages(redis, ("redis", "mongo"))
        return found[0].text if found else ""

    source = Source(problems.DISK_FULL, told)
    task = run_beside(lambda: source.follow(DISK_EVERY, UNUSED_DISK_EVERY), "look at the disks")
    try:
        yield source
    finally:
        await end([task])
        await redis.aclose()
