"""Where the windows of ids come from when a partition is taken over."""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis.asyncio import Redis

from services.consumer.dedup_window import DedupWindow, First
from services.shared.dedup import Dedup
from wire import keys
from wire.documents import Documents
from wire.ranges import Range

_APART = 1 << 48
"""Between the offsets below zero of one earlier life and those of the next."""
_IDLE = 60.0
"""Seconds after which the window of a partition that gives nothing is let go."""


class OpenDedupWindows:
    """DedupWindows in memory. Each is good only for the batch that follows what it took up."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[DedupWindow, int, float]] = {}

    def get(self, tp: str, committed: int) -> DedupWindow | None:
        """The window of a partition up to a committed offset; None where it has to be brought
        in."""
        window, at, _ = self._open.get(tp, (None, -2, 0.0))
        return window if at == committed else None

    def put(self, tp: str, window: DedupWindow, committed: int) -> None:
        """A window that is complete up to a committed offset."""
        now = time.monotonic()
        self._open[tp] = (window, committed, now)
        self._open = {tp: held for tp, held in self._open.items() if now - held[2] < _IDLE}

    def drop(self, *tps: str) -> None:
        """Forgets the windows of these partitions.

        A batch that was not counted may have left ids in them.
        """
        for tp in tps:
            self._open.pop(tp, None)


class DedupWindows:
    """The windows of one scenario. What they change is written by `Counting`, with the committed
    offset."""

    def __init__(self, redis: Redis, documents: Documents, scenario: str, bounds: Dedup) -> None:
        self._redis = redis
        self._documents = documents
        self._scenario = scenario
        self._bounds = bounds

    async def kept(self, tp: str) -> DedupWindow | None:
        """The window as Redis has it; None where it has none. Raises RedisError."""
        found = await self._redis.hgetall(keys.once_key(self._scenario, tp))
        if not found:
            return None
        kept = ((str(event_id), _first(str(text))) for event_id, text in found.items())
        return DedupWindow(self._bounds, kept)

    async def recalled(
        self, tp: str, collection: str, before: int, earlier: Sequence[Range] = ()
    ) -> DedupWindow:
        """The window that the documents of the last records before an offset make: for a Redis
        that has forgotten, and records that Kafka will not give again. Raises DocumentsError.

        `earlier`: the lives of the partition before this one, oldest first.
        """
        window = DedupWindow(self._bounds)
        for life in earlier:
            last = Range(life.tp, max(life.after, life.upto - self._bounds.most), life.upto)
            for document in await self._documents.given(collection, last):
                # below zero, so that no record of this life can be taken for it
                offset = (
                    document["o"] - life.upto - 1 - _APART * (len(earlier) - earlier.index(life))
                )
                position = keys.document_id(life.tp, document["o"])
                window.first(document["id"], offset, document["at"], position)
        wanted = Range(tp, max(-1, before - 1 - self._bounds.most), before - 1)
        for document in await self._documents.given(collection, wanted):
            window.first(document["id"], document["o"], document["at"])
        return window


def _first(text: str) -> First:
    offset, at, *position = text.split(" ", 2)
    return First(int(offset), int(at), *position)
