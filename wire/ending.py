"""The end of tasks that run beside something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN = 0.5


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks until they have ended.

    Once is not enough: before Python 3.12 a `wait_for` loses a cancellation that meets its answer,
    and the clients of Redis and Kafka use it for every question.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_AGAIN)
        # how they ended was seen by themselves; asked for here, or the loop would tell of it
        await asyncio.gather(*done, return_exceptions=True)
