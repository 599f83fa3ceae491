"""Tasks that are ended do end, and what they held is let go."""

from __future__ import annotations

import asyncio

import pytest

from wire.ending import end


async def test_a_cancellation_that_was_swallowed_is_repeated() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end([task])
    assert task.cancelled()
    assert swallowed == 2


async def test_tasks_that_failed_or_are_over_are_no_error() -> None:
    async def fails() -> None:
        raise ValueError("seen elsewhere")

    async def is_over() -> None:
        return

    tasks = [asyncio.create_task(fails()), asyncio.create_task(is_over())]
    await asyncio.wait(tasks)
    await end(tasks)
    await end([])
    with pytest.raises(ValueError, match="seen elsewhere"):
        tasks[0].result()
