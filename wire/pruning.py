"""Retention of documents: the oldest ones go once there are too many, or they are too old.

What is removed is counted, so the books still close. Every step is bounded by one window of one
partition, never goes above its committed offset, and may be cut off anywhere: the low watermark
goes first, and what a step has left below it is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from redis.asyncio import Redis

from wire import keys
from wire.committed import Committed, read_committed
from wire.low_watermarks import raise_low_watermark
from wire.ranges import Age, Range

if TYPE_CHECKING:
    from wire.documents import Documents


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays; 0 sets no bound."""

    documents: int = 0
    """Most documents of a scenario, and most of its rejected records beside them."""
    seconds: float = 0.0
    """Longest time since a document was stored."""

    @property
    def everything(self) -> bool:
        """Nothing is ever removed."""
        return not (self.documents or self.seconds)


class _Head(NamedTuple):
    """The oldest document of a partition above its low watermark."""

    low_watermark: int
    stored: int


class Pruner:
    """Retention of one scenario's events, or of what its producers `rejected`.

    Any number may work at once; each document is counted once.
    """

    def __init__(
        self,
        scenario: str,
        redis: Redis,
        documents: Documents,
        keep: Keep,
        rejected: bool = False,
    ) -> None:
        self._scenario = scenario
        self._redis = redis
        self._documents = documents
        self._keep = keep
        self._rejected = rejected
        refused = keys.rejected_collection(scenario)
        # records of the events topic that were no events go with their neighbours
        self._collections = (refused,) if rejected else (keys.logs_collection(scenario), refused)
        self._heads: dict[str, _Head] = {}

    async def sweep(self) -> int:
        """Removes what lies below the low watermarks: left by a step that died, or stored again by
        a consumer whose partition was taken away. Returns how many. Raises as `step` does."""
        removed = 0
        for tp, low_watermark in (await self._committed_offsets()).low_watermarks.items():
            removed += await self._documents.clear(
                self._collections[0], Range(tp, -1, low_watermark)
            )
        return removed

    async def step(self, now: int) -> int | None:
        """Removes some of the oldest documents; how many, or None where all may stay.

        `now`: ms since the epoch. Raises RedisError or DocumentsError.
        """
        committed_offsets = await self._committed_offsets()
        surplus = self._surplus(committed_offsets)
        before = now - int(self._keep.seconds * 1000) if self._keep.seconds else 0
        if not (surplus or before):
            return None
        oldest = await self._oldest(committed_offsets)
        if oldest is None or not (surplus or self._heads[oldest.tp].stored < before):
            return None
        ages = await self._documents.ages(self._collections[0], oldest)
        wanted, count = cut(oldest, ages, surplus, before)
        if wanted.after >= wanted.upto:
            return None
        return await self._remove(wanted, count)

    async def _committed_offsets(self) -> Committed:
        return await read_committed(self._redis, self._scenario, self._rejected)

    def _surplus(self, committed_offsets: Committed) -> int:
        if not self._keep.documents:
            return 0
        totals = committed_offsets.totals
        there = totals.counted - totals.purged
        if self._rejected:
            there = totals.refused - totals.forgotten
        return max(0, there - self._keep.documents)

    async def _oldest(self, committed_offsets: Committed) -> Range | None:
        """The first window of the partition whose first document is the oldest of all."""
        firsts = {r.tp: r.windows()[0] for r in committed_offsets.ranges() if r.after < r.upto}
        self._heads = {tp: head for tp, head in self._heads.items() if tp in firsts}
        for tp, window in firsts.items():
            known = self._heads.get(tp)
            if known is None or known.low_watermark != window.after:
                ages = await self._documents.ages(self._collections[0], window)
                # a window without documents is in nobody's way
                self._heads[tp] = _Head(window.after, ages[0].stored if ages else 0)
        if not self._heads:
            return None
        return firsts[min(self._heads, key=lambda tp: self._heads[tp].stored)]

    async def _remove(self, wanted: Range, count: int) -> int:
        if not await raise_low_watermark(
            self._scenario, self._redis, self._documents, wanted, count, self._rejected
        ):
            return 0
        for collection in self._collections:
            await self._documents.delete(collection, wanted)
        return count


def cut(window: Range, ages: list[Age], surplus: int, before: int) -> tuple[Range, int]:
    """The part of a window that goes, and the documents in it.

    `ages` in the order of their offsets. Those of one record go together, and nothing goes that
    is behind one that stays.
    """
    upto = window.upto
    for taken, age in enumerate(ages):
        if taken >= surplus and age.stored >= before:
            upto = age.offset - 1
            break
    return Range(window.tp, window.after, upto), sum(age.offset <= upto for age in ages)
