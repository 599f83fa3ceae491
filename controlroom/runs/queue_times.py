"""How long the events of each phase of a block waited, from the documents that they became."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from controlroom.targets.abilities import Located, TargetError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from wire.documents import Documents
    from wire.ranges import Range

MOST = 4000
"""Documents of a block that are read; of more, pieces from all over it."""
PIECE = 50
"""Offsets of one partition that are read in a piece."""
Edges = Mapping[str, tuple[float, float]]
"""Phase -> its begin and its end, seconds since the epoch."""


class QueueTimes:
    """Reads nothing but offsets while a block goes on, so that it does not measure itself."""

    def __init__(self, target: Located) -> None:
        self._target = target
        self._stores = AsyncExitStack()
        self._redis: Redis | None = None
        self._documents: Documents | None = None
        self._scenario = ""
        self._before: Mapping[str, int] | None = None

    async def begin(self) -> None:
        """A block begins: what is stored after this is its own."""
        ranges = await self._ranges()
        self._before = None if ranges is None else {one.tp: one.upto for one in ranges}

    async def told(self, edges: Edges) -> dict[str, dict[str, float]]:
        """Phase -> `p50`, `p95`, `p99` in ms, and `events`: how many these are of. A phase of
        which no document was found is not in it. An event is of the phase in which it was
        produced; one that was not stored yet is in none."""
        before, ranges = self._before, await self._ranges()
        if before is None or ranges is None:
            return {}
        from wire.ranges import Range

        new = [Range(r.tp, max(r.after, before.get(r.tp, -1)), r.upto) for r in ranges]
        return by_phase(await self._waits(spread([r for r in new if r.after < r.upto])), edges)

    async def _waits(self, pieces: Sequence[Range]) -> list[tuple[float, float]]:
        """When it was produced, in seconds, and how long it waited, in ms."""
        from wire.documents import DocumentsError
        from wire.keys import logs_collection

        assert self._documents is not None
        try:
            found = await self._documents.find_each(logs_collection(self._scenario), pieces)
        except DocumentsError:
            return []
        return [
            (one["at"] / 1000, max(0.0, float(one["stored"] - one["at"])))
            for piece in found
            for one in piece
        ]

    async def _ranges(self) -> list[Range] | None:
        """Where the documents are now; None where the stores do not answer."""
        from redis.exceptions import RedisError

        from wire.committed import read_committed

        try:
            redis = self._redis or await self._open()
            return (await read_committed(redis, self._scenario)).ranges()
        except (TargetError, RedisError, OSError, TimeoutError):
            # the stores may come back under another address
            await self.close()
            return None

    async def _open(self) -> Redis:
        from wire.documents import Documents
        from wire.stores import redis_client

        info, endpoints = await self._target.info(), await self._target.endpoints()
        self._scenario = info.scenario
        self._redis = redis_client(endpoints.address("redis"), timeout=3.0)
        self._stores.push_async_callback(self._redis.aclose)
        self._documents = Documents(endpoints.address("mongo"), timeout=5.0)
        self._stores.push_async_callback(self._documents.close)
        return self._redis

    async def close(self) -> None:
        """Lets go of the connections."""
        self._redis = None
        await self._stores.aclose()


def spread(ranges: Sequence[Range], most: int = MOST, piece: int = PIECE) -> list[Range]:
    """All of the ranges; of more than `most` offsets pieces that lie evenly in them."""
    from wire.ranges import Range as Piece

    total = sum(one.upto - one.after for one in ranges)
    if total <= most:
        return list(ranges)
    step = math.ceil(piece * total / most)
    return [
        Piece(one.tp, after, min(after + piece, one.upto))
        for one in ranges
        for after in range(one.after, one.upto, step)
    ]


def by_phase(waits: Sequence[tuple[float, float]], edges: Edges) -> dict[str, dict[str, float]]:
    """Percentiles by nearest rank."""
    told = {}
    for phase, (since, until) in edges.items():
        ordered = sorted(wait for at, wait in waits if since <= at < until)
        if ordered:
            told[phase] = {
                f"p{share}": ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]
                for share in (50, 95, 99)
            } | {"events": len(ordered)}
    return told
