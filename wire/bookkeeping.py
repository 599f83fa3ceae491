"""Reads the raw figures of the books from the real stores, in the right order."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiokafka.errors import UnknownTopicOrPartitionError
from redis.asyncio import Redis

from wire import keys
from wire.books import Books, Figures, balance
from wire.documents import WINDOW, Documents, Range
from wire.fences import Fences, read_acknowledged, read_fences
from wire.topics import OffsetReader

_AT_ONCE = 4
_PATIENCE = 5


class Auditor:
    """Keeps the books of one scenario.

    The first `audit` counts every document; later ones count what is new, and `recounts`
    windows of what was counted before, in rotation, so that a document that somebody removed
    is found too. A new Auditor is therefore an exact audit. Every audit raises RedisError,
    KafkaError or DocumentsError where a source does not answer.
    """

    def __init__(
        self,
        scenario: str,
        redis: Redis,
        offsets: OffsetReader,
        documents: Documents,
        recounts: int = 2,
    ) -> None:
        self._scenario = scenario
        self._redis = redis
        self._offsets = offsets
        self._documents = documents
        self._recounts = recounts
        self._counted: dict[str, _Counted] = {}
        self._turn = 0
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._one_at_a_time = asyncio.Lock()

    async def audit(self) -> Books:
        """The books as they are now."""
        async with self._one_at_a_time:
            figures, floors = await self._read()
            for _ in range(_PATIENCE):
                now = await read_fences(self._redis, self._scenario)
                if now.floors == floors:
                    break
                figures, floors = await self._follow(figures, now)
            return balance(figures)

    async def found(self) -> int:
        """Documents that are there now, below the fences; asks Redis and MongoDB only."""
        async with self._one_at_a_time:
            return await self._count(await read_fences(self._redis, self._scenario))

    async def _read(self) -> tuple[Figures, dict[str, int]]:
        """Figures, and the floors that they hold for: a purge meanwhile makes them worthless."""
        acknowledged = await read_acknowledged(self._redis, self._scenario)
        fences = await read_fences(self._redis, self._scenario)
        ends = await self._ends(fences)
        found = await self._count(fences)
        figures = Figures(
            self._scenario,
            acknowledged,
            fences.fences,
            fences.totals,
            ends,
            found,
            fences.bases,
            fences.settled,
        )
        return figures, fences.floors

    async def _follow(self, figures: Figures, now: Fences) -> tuple[Figures, dict[str, int]]:
        """The figures after documents were removed on purpose while they were read."""
        fences = figures.fences
        if any(floor > fences.get(tp, -1) for tp, floor in now.floors.items()):
            return await self._read()
        # what was removed is at or below the fences read before, so those still hold
        totals = replace(figures.totals, purged=now.totals.purged)
        found = await self._count(replace(now, fences=fences))
        return replace(figures, totals=totals, found=found), now.floors

    async def _ends(self, fences: Fences) -> dict[str, int]:
        """End offsets of the events topic; empty where there is no such topic."""
        try:
            topic = await self._offsets.topic(keys.events_topic(self._scenario))
        except UnknownTopicOrPartitionError:
            return {}
        ends = await self._offsets.ends_of(topic)
        return {fences.present(topic.id, p): end for p, end in ends.items()}

    async def _count(self, fences: Fences) -> int:
        ranges = fences.ranges()
        await asyncio.gather(*(self._advance(wanted) for wanted in ranges))
        await self._recount()
        return sum(self._counted[wanted.tp].total for wanted in ranges)

    async def _advance(self, wanted: Range) -> None:
        counted = self._counted.get(wanted.tp)
        if counted is None or not counted.continues(wanted):
            counted = self._counted[wanted.tp] = _Counted(wanted.tp, wanted.after)
        elif wanted.after > counted.after:
            remains = counted.remains(wanted.after)
            counted.cut(wanted.after, await self._ask(remains) if remains else 0)
        for window in counted.missing(wanted.upto):
            counted.add(window, await self._ask(window))

    async def _recount(self) -> None:
        known = [(counted, number) for counted in self._counted.values() for number in counted.by]
        for _ in range(min(self._recounts, len(known))):
            self._turn = (self._turn + 1) % len(known)
            counted, number = known[self._turn]
            counted.by[number] = await self._ask(counted.window(number))

    async def _ask(self, window: Range) -> int:
        async with self._limit:
            return await self._documents.count(keys.logs_collection(self._scenario), window)


class _Counted:
    """What is known of one partition: documents per window, from `after` up to `upto`."""

    def __init__(self, tp: str, after: int) -> None:
        self.tp = tp
        self.after = after
        self.upto = after
        self.by: dict[int, int] = {}

    @property
    def total(self) -> int:
        return sum(self.by.values())

    def continues(self, wanted: Range) -> bool:
        """Neither start nor end has gone back."""
        return wanted.after >= self.after and wanted.upto >= self.upto

    def remains(self, after: int) -> Range | None:
        """What a start at `after` leaves of the window that it falls into; None if all or none."""
        window = self.window((after + 1) // WINDOW)
        if (after + 1) % WINDOW == 0 or after >= window.upto:
            return None
        return Range(self.tp, after, window.upto)

    def cut(self, after: int, remaining: int) -> None:
        """Begin at `after`; `remaining`: documents in what `remains` of its window."""
        first = (after + 1) // WINDOW
        remains = self.remains(after)
        self.by = {number: count for number, count in self.by.items() if number >= first}
        if remains is not None:
            self.by[first] = remaining
        elif (after + 1) % WINDOW:
            self.by.pop(first, None)
        self.after, self.upto = after, max(self.upto, after)

    def missing(self, upto: int) -> list[Range]:
        return Range(self.tp, self.upto, upto).windows()

    def add(self, window: Range, count: int) -> None:
        number = window.upto // WINDOW
        self.by[number] = self.by.get(number, 0) + count
        self.upto = window.upto

    def window(self, number: int) -> Range:
        first = number * WINDOW - 1
        return Range(self.tp, max(self.after, first), min(self.upto, first + WINDOW))
