"""Requests that wait are handed on together: what arrives while one group is under way makes the
next one, so that a store is asked once for all who ask at a time."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from services.queues.port import DEADLINE, Entry, Unavailable
from services.shared import logline
from wire import problems
from wire.ending import end

GROUP_RECORDS = 500
"""Most records of one pending send; a group ends with the one that reaches it."""
GROUP_BYTES = 600_000
"""The same of their bytes."""
MAX_WAITING = 50_000
"""Records that may wait in one process, in all of its gatherings."""
MAX_BYTES = 32 << 20
"""Bytes of them; one request may have more."""
_OVERHEAD = 96
_CLOSE = 8.0

Send = Callable[[int, list[Entry]], Awaitable[None]]
"""Hands a group on, to the place of that number; returns when it is acknowledged. Raises
Unavailable."""


class _Pending:
    """The records of one request, or a part of them, and the promise to its sender."""

    __slots__ = ("bytes", "done", "entries")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.bytes = sum([len(entry.value) + _OVERHEAD for entry in entries])
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Room:
    """What may wait in one process."""

    def __init__(self) -> None:
        self.records = 0
        self.bytes = 0

    def enter(self, records: int, size: int) -> None:
        """Raises Unavailable where there is no room."""
        if self.records and self.records + records > MAX_WAITING:
            raise Unavailable(f"{self.records} events already wait", problem=problems.BUSY)
        if self.bytes and self.bytes + size > MAX_BYTES:
            raise Unavailable(f"{self.bytes} bytes already wait", problem=problems.BUSY)
        self.records += records
        self.bytes += size

    def leave(self, records: int, size: int) -> None:
        """They wait no more."""
        self.records -= records
        self.bytes -= size


class Gathering:
    """Groups for a number of places, each of which takes one group at a time.

    More than one group is under way only where a whole group waits. What has a slot goes to its
    place alone, in order.
    """

    def __init__(self, send: Send, places: int, room: Room, deadline: float = DEADLINE) -> None:
        self._send = send
        self._places = places
        self._room = room
        self._deadline = deadline
        self._any: deque[_Pending] = deque()
        self._own: dict[int, deque[_Pending]] = defaultdict(deque)
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._since: dict[int, float] = {}
        self._waiting = 0
        self._next = 0
        self._called = False

    async def publish(self, entries: Sequence[Entry], slot: int | None) -> None:
        """Returns when they are acknowledged. Raises Unavailable, also after the deadline; then
        they may be under way yet."""
        stuck = self._stuck()
        if stuck > self._deadline:
            raise Unavailable(f"no answer for {stuck:.0f} s")
        pendings = [_Pending(part) for part in _parts(entries)]
        size = sum([pending.bytes for pending in pendings])
        self._room.enter(len(entries), size)
        queue = self._any if slot is None else self._own[slot % self._places]
        queue.extend(pendings)
        self._waiting += len(entries)
        self._call()
        try:
            async with asyncio.timeout(self._deadline):
                for pending in pendings:
                    await pending.done
        except TimeoutError:
            raise Unavailable(f"not acknowledged within {self._deadline:.0f} s") from None
        finally:
            self._room.leave(len(entries), size)
            for pending in pendings:
                # what was not handed on yet is not, and nobody hears what becomes of the rest
                if not pending.done.cancel() and not pending.done.cancelled():
                    pending.done.exception()

    async def close(self) -> None:
        """What is under way or waits arrives, within some seconds."""
        until = time.monotonic() + _CLOSE
        while (self._flying or self._waiting) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        await end(tuple(self._flying.values()))

    def _stuck(self) -> float:
        """For how long every place has been without an answer."""
        if len(self._flying) < min(self._places, 1 + self._waiting // GROUP_RECORDS):
            return 0.0
        return time.monotonic() - max(self._since.values(), default=time.monotonic())

    def _call(self) -> None:
        """Requests that come in the same turn of the loop make one group."""
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._go)

    def _go(self) -> None:
        self._called = False
        while self._waiting and (not self._flying or self._waiting >= GROUP_RECORDS):
            place = self._free()
            if place is None:
                return
            group = self._taken(place)
            if group:
                self._since[place] = time.monotonic()
                self._flying[place] = asyncio.create_task(self._fly(place, group))

    def _free(self) -> int | None:
        """A place that is free and has something to take, each in its turn."""
        for step in range(self._places):
            place = (self._next + step) % self._places
            if place not in self._flying and (self._any or self._own.get(place)):
                self._next = place + 1
                return place
        return None

    def _taken(self, place: int) -> list[_Pending]:
        group: list[_Pending] = []
        records = size = 0
        for queue in (self._own[place], self._any):
            while queue and records < GROUP_RECORDS and size < GROUP_BYTES:
                pending = queue.popleft()
                self._waiting -= len(pending.entries)
                if not pending.done.done():
                    group.append(pending)
                    records += len(pending.entries)
                    size += pending.bytes
        return group

    async def _fly(self, place: int, group: list[_Pending]) -> None:
        error: Unavailable | None = None
        try:
            await self._send(place, [entry for pending in group for entry in pending.entries])
        except Unavailable as refused:
            error = refused
        except Exception as failed:
            logline.error("a group of events failed", trace=failed)
            error = Unavailable("they could not be handed on")
        finally:
            del self._flying[place], self._since[place]
            self._call()
        for pending in group:
            if not pending.done.done():
                pending.done.set_exception(error) if error else pending.done.set_result(None)


class GatheringPublisher:
    """See services.queues.port.Publisher: a gathering for each topic."""

    def __init__(
        self, gatherings: Mapping[str, Gathering], admit: Callable[[], None] = lambda: None
    ) -> None:
        """`admit` raises Unavailable while nothing is taken."""
        self.connected = asyncio.Event()
        self._gatherings = gatherings
        self._admit = admit

    async def publish(self, topic: str, entries: Sequence[Entry], slot: int | None = None) -> None:
        """See services.queues.port.Publisher."""
        if entries:
            self._admit()
            await self._gatherings[topic].publish(entries, slot)

    async def close(self) -> None:
        """What waits arrives, within some seconds."""
        await asyncio.gather(*(gathering.close() for gathering in self._gatherings.values()))


def _parts(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Pieces of which each fits into a group."""
    parts: list[Sequence[Entry]] = []
    begin = size = 0
    for at, entry in enumerate(entries):
        size += len(entry.value) + _OVERHEAD
        if at + 1 - begin >= GROUP_RECORDS or size >= GROUP_BYTES:
            parts.append(entries[begin : at + 1])
            begin, size = at + 1, 0
    if begin < len(entries):
        parts.append(entries[begin:])
    return parts
