"""Work that goes on beside a service, for as long as that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.shared import logline

AGAIN = 1.0
"""Seconds from a failure to the next beginning."""


def run_beside(work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
    """Runs `work` in a task of its own; whatever it fails of is logged, and it begins again.

    A task that has ended tells nobody: its service would go on for ever without that work.
    """
    return asyncio.create_task(_going_on(work, name), name=name)


async def _going_on(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            return await work()
        except Exception as error:
            logline.error(f"{name} failed and begins again", trace=error)
        await asyncio.sleep(AGAIN)
