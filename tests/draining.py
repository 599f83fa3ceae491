"""Waiting until a pipeline has handled all that it was given, for as long as it goes on."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from controlroom.commands.exits import Exit
from tests.own_stack import OwnStack

Books = dict[str, Any]


async def drained(
    world: OwnStack, *words: str, patience: float = 60.0, every: float = 0.3
) -> Books:
    """The books (`controlroom books WORDS`) once nothing is in flight.

    An engine that was killed may be on its way back. AssertionError tells the last books where
    nothing was handled for `patience` seconds, however much there was to do.
    """

    last: Books = {}
    least, since = float("inf"), time.monotonic()
    while time.monotonic() - since < patience:
        answer = await asyncio.to_thread(world.run, "books", "--json", *words, check=False)
        if answer.code != Exit.UNREACHABLE:
            last = answer.json()
            if last["in_flight"] == 0:
                return last
            if last["in_flight"] < least:
                least, since = last["in_flight"], time.monotonic()
        await asyncio.sleep(every)
    raise AssertionError(f"nothing was handled for {patience:.0f} s; the last books: {last}")
