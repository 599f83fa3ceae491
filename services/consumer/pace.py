"""How many documents go into an insert, and how many inserts are under way at a time.

A store that takes long gets less at a time. An insert that is given up after the client's timeout
is still carried out by the store, so inserts that are too many, sent again and again, may keep it
busy with nothing but what nobody waits for any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from wire.documents import DocumentsError

MOST = 1_000
"""Documents of one insert at most."""
LEAST = 100
"""Documents of one insert from which on less per insert costs more than it spares."""
SLOTS = 4
"""Inserts under way at most, of all batches together."""
SLOW = 2.0
"""Seconds of work for one insert from which on the store gets less at a time; a fifth of the
time after which an insert is given up."""
QUICK = 0.5
"""Seconds of work up to which it gets more."""


@dataclass(slots=True)
class Turn:
    """One insert's turn: how many documents it may have, and how many it had."""

    most: int
    had: int = 0


class Pace:
    """Additive growth, halved where the store is slow; begins with one insert at a time."""

    def __init__(self, latency: Callable[[], Awaitable[float]]) -> None:
        """`latency`: seconds in which the store answers a question that is no work. It is taken
        off the time of an insert: a long way to the store is no reason to send less."""
        self.size = MOST
        self.slots = 1
        self._latency = latency
        self._under_way = 0
        self._free = asyncio.Condition()
        self._slowed = 0.0

    @asynccontextmanager
    async def insert(self) -> AsyncIterator[Turn]:
        """Waits until one more insert may be under way.

        What the block took, or that it raised, decides on those that follow; only a full insert
        that was quick says that the store bears more.
        """
        async with self._free:
            await self._free.wait_for(lambda: self._under_way < self.slots)
            self._under_way += 1
        turn, began = Turn(self.size), monotonic()
        try:
            yield turn
        except Exception:
            self._slow_down(began, failed=True)
            raise
        else:
            await self._took(began, turn)
        finally:
            self._under_way -= 1
            async with self._free:
                self._free.notify_all()

    async def _took(self, began: float, turn: Turn) -> None:
        work = monotonic() - began
        if work > QUICK:
            # what was inserted is stored, whatever comes of this
            with contextlib.suppress(DocumentsError):
                work -= await self._latency()
        if work > SLOW:
            self._slow_down(began)
        elif work <= QUICK and turn.had == turn.most:
            self._speed_up()

    def _slow_down(self, began: float, failed: bool = False) -> None:
        if began < self._slowed:
            return  # it was under way already when less was sent
        self._slowed = monotonic()
        if failed or self.slots == 1:
            self.size = max(LEAST, self.size // 2)
        self.slots = 1 if failed else max(1, self.slots // 2)

    def _speed_up(self) -> None:
        if self.size < MOST:
            self.size = min(MOST, self.size * 2)
        else:
            self.slots = min(SLOTS, self.slots + 1)
