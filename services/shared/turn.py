"""Long work of one process, one piece at a time, so that short requests go between.

A request of few records is handled at once. Of the others one works at a time, under a lock of
the process, a piece in each round of the event loop and in the order in which they came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from scenarios.bodies import Given, Stream, slices_of

BREATH = 250
"""Records that are handled without a pause."""
_ROUNDS = 8
"""Rounds of the event loop that a short request needs from its first byte to its answer."""
_OFTEN = 0.002
"""Least seconds of work between two pauses of so many rounds; between others there is one."""


def is_long(records: Given) -> bool:
    """Whether these records have to wait for their turn."""
    return isinstance(records, Stream) or len(records) > BREATH


async def breathing(records: Given) -> AsyncIterator[Sequence[Any]]:
    """The records in pieces, with a pause for all other work before each.

    Raises BodyError where the body turns out not to be taken.
    """
    pause = _Pause()
    for part in slices_of(records):
        await pause()
        if len(part) <= BREATH:
            yield part
            continue
        for at in range(0, len(part), BREATH):
            yield part[at : at + BREATH]
            await pause()


class _Pause:
    """Lets other work go between two pieces."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    async def __call__(self) -> None:
        await asyncio.sleep(0)
        if time.perf_counter() - self._last > _OFTEN:
            # a step of a request in each round: with one round it would wait for a piece each time
            for _ in range(_ROUNDS - 1):
                await asyncio.sleep(0)
            self._last = time.perf_counter()
