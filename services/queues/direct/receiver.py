"""A consumer of a queue in which nothing waits: it counts and prunes documents, as its stores do
beside it, and is there where a scenario has other queues too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from services.queues.batch import Abandoned, Sink
from services.shared.lifecycle import Lifecycle, Liveness

_BEAT = 5.0


class Idle:
    """See services.queues.port.Receiver."""

    async def ensure(self, abandoned: Abandoned) -> None:
        """There is nothing to make."""

    async def consume(self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness) -> None:
        """Waits for the end."""
        while not lifecycle.stopping.is_set():
            liveness.beat()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lifecycle.stopping.wait(), _BEAT)


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Idle]:
    """Nothing is connected."""
    yield Idle()
