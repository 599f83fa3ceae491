"""The end of tasks that run beside something, or beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")

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


async def together(*work: Coroutine[Any, Any, _Answer]) -> list[_Answer]:
    """Does all at the same time; the answers, in that order.

    The first that fails ends the others, and its error is raised once they have ended: with
    `asyncio.gather` they would go on, beside whoever does the same work again.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await end(tasks)
