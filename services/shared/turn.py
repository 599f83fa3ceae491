"""Long work of one process, one piece at a time, so that short requests go between.

A request of few records is handled at once. Of the others one works at a time, under a lock of
the process, a piece in each round of the event loop and in the order in which they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from scenarios.bodies import Given, Stream, slices_of

BREATH = 250
"""Records that are handled without a pause."""


def is_long(records: Given) -> bool:
    """Whether these records have to wait for their turn."""
    return isinstance(records, Stream) or len(records) > BREATH


async def breathing(records: Given) -> AsyncIterator[Sequence[Any]]:
    """The records in pieces, with a pause for all other work before each.

    Raises BodyError where the body turns out not to be taken.
    """
    for part in slices_of(records):
        await asyncio.sleep(0)
        if len(part) <= BREATH:
            yield part
            continue
        for at in range(0, len(part), BREATH):
            yield part[at : at + BREATH]
            await asyncio.sleep(0)
