"""The log tail: every stored document once, in the store's order per partition.

How far the documents reach is told by the committed offsets in Redis, which are written after them;
so the document store is asked for ranges that are bounded on both sides and hold what is new.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controlroom.feeds.both_stores import BothStores
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.queue_time import QueueTimes
from controlroom.feeds.text import clean
from controlroom.model.log import LogBatch, LogLine
from scenarios.scenario import Scenario
from scenarios.templates import placeholders, render
from wire.keys import logs_collection

if TYPE_CHECKING:
    from wire.committed import Committed
    from wire.ranges import Range

FIRST_LINES = 200
"""Documents shown when the room opens."""
LOOK_EVERY = 2.0
"""Seconds without a new document after which the store is asked for one all the same: it may be
away, and what is new is told by Redis."""
MOST_LINES = 500
"""Documents fetched in one turn; when more came, the newest of each partition:
some screens of them, as nobody reads faster and each line has its cost."""


class LogSource(BothStores):
    """Follows the documents of one scenario. Where it stands survives a lost connection."""

    name = "log"
    period = 0.25
    timeout = 10.0
    needs: tuple[str, ...] = ("wire.documents", "wire.committed", "wire.stores")

    def __init__(
        self,
        endpoints: LiveEndpoints,
        scenario: Scenario,
        waits: QueueTimes | None = None,
        first_lines: int = FIRST_LINES,
    ) -> None:
        super().__init__(endpoints)
        self._scenario = scenario
        self._collection = logs_collection(scenario.name)
        self._waits = waits
        self._first_lines = first_lines
        self._member = _own(scenario)
        self._positions: dict[str, int] | None = None
        self._looked = float("-inf")

    async def open(self) -> None:
        """Finds Redis and the document store, and sees that the latter answers."""
        await super().open()
        assert self._documents is not None
        await self._documents.ping()

    async def read(self) -> LogBatch:
        """What came since the reading before; at the first one the newest documents."""
        committed_offsets = await self.committed_offsets()
        if self._positions is None:
            newest = await self.newest(committed_offsets.ranges(), self._first_lines)
            batch = LogBatch(tuple(reversed(newest)), 0, stored_total(committed_offsets))
        else:
            batch = await self._news(self._positions, committed_offsets)
        if batch.lines:
            self._looked = time.monotonic()
        elif time.monotonic() - self._looked >= LOOK_EVERY:
            await self._look(committed_offsets.ranges())
        self._positions = dict(committed_offsets.offsets)
        if self._waits is not None:
            self._waits.add(batch.lines)
        return batch

    @staticmethod
    def same(before: LogBatch, now: LogBatch) -> bool:
        """Whether nothing came: a batch holds what is new."""
        return not (now.lines or now.skipped) and before.total == now.total

    def next_offsets(self) -> dict[int, int]:
        """Partition -> offset from which the next reading goes on."""
        known = self._positions or {}
        return {partition_of(tp): offset + 1 for tp, offset in known.items()}

    async def committed_offsets(self) -> Committed:
        """How far every partition has come."""
        from wire.committed import read_committed

        assert self._redis is not None
        return await read_committed(self._redis, self._scenario.name)

    async def newest(self, ranges: Sequence[Range], n: int) -> list[LogLine]:
        """The newest n documents of the ranges, newest first."""
        assert self._documents is not None
        return [self._line(each) for each in await self._find_newest(ranges, n)]

    async def count(self) -> int:
        """Documents in the store; those that were counted before are not counted again."""
        from wire.document_count import DocumentCount

        assert self._documents is not None
        count = DocumentCount(self._scenario.name, self._documents)
        await count.load()
        await count.advance((await self.committed_offsets()).ranges())
        return count.total

    async def _news(self, positions: Mapping[str, int], committed_offsets: Committed) -> LogBatch:
        assert self._documents is not None
        new = news(positions, committed_offsets.ranges())
        wanted = newest_share(new, MOST_LINES)
        skipped = sum(r.upto - r.after for r in new) - sum(r.upto - r.after for r in wanted)
        parts = await self._documents.find_each(self._collection, wanted)
        lines = merged([[self._line(each) for each in part] for part in parts])
        return LogBatch(lines, skipped, stored_total(committed_offsets))

    async def _look(self, ranges: Iterable[Range]) -> None:
        """Asks the store for one document. Raises what it raises where that is not to be had."""
        from wire.ranges import Range as Piece

        assert self._documents is not None
        filled = next((r for r in ranges if r.after < r.upto), None)
        if filled is None:
            await self._documents.ping()
        else:
            last = Piece(filled.tp, filled.upto - 1, filled.upto)
            for document in await self._documents.find(self._collection, last):
                self._line(document)
        self._looked = time.monotonic()

    async def _find_newest(self, ranges: Sequence[Range], n: int) -> list[dict[str, Any]]:
        assert self._documents is not None
        return await self._documents.newest(self._collection, ranges, n)

    def _line(self, document: Mapping[str, Any]) -> LogLine:
        return line_of(self._scenario, document, self._member)


def line_of(scenario: Scenario, document: Mapping[str, Any], member: str = "") -> LogLine:
    """A stored document as a line of the log; `member` is the template of what it counts for."""
    return LogLine(
        partition=partition_of(document["tp"]),
        offset=document["o"],
        produced=document["at"] / 1000,
        stored=document["stored"] / 1000,
        text=clean(render(scenario.log_line, document["event"])),
        member=render(member, document["event"]),
    )


def _own(scenario: Scenario) -> str:
    """The template of the first tally whose member is made of fields alone."""
    known = {field.name for field in scenario.fields}
    members = (tally.member for tally in scenario.tallies)
    return next((each for each in members if each and set(placeholders(each) or ()) <= known), "")


def partition_of(tp: str) -> int:
    """The partition in the name of one."""
    return int(tp.rpartition(":")[2])


def news(positions: Mapping[str, int], ranges: Iterable[Range]) -> list[Range]:
    """What lies after the positions; all of a partition that was not known."""
    from wire.ranges import Range as Piece

    pieces = (Piece(r.tp, max(r.after, positions.get(r.tp, -1)), r.upto) for r in ranges)
    return [piece for piece in pieces if piece.after < piece.upto]


def newest_share(ranges: Sequence[Range], most: int) -> list[Range]:
    """The ends of the ranges, cut alike, so that they hold at most about `most` offsets."""
    from wire.ranges import Range as Piece

    total = sum(r.upto - r.after for r in ranges)
    if total <= most:
        return list(ranges)
    kept = [(r, max(1, (r.upto - r.after) * most // total)) for r in ranges]
    return [Piece(r.tp, r.upto - share, r.upto) for r, share in kept]


def merged(parts: Iterable[Sequence[LogLine]]) -> tuple[LogLine, ...]:
    """All lines by the time they were stored; the order within a partition never changes."""
    return tuple(heapq.merge(*parts, key=lambda line: line.stored))


def stored_total(committed_offsets: Committed) -> int:
    """Documents that the committed offsets say are stored. The books count them one by one."""
    totals = committed_offsets.totals
    covered = sum(committed + 1 for committed in committed_offsets.offsets.values())
    return max(0, covered - totals.gaps + totals.extra - totals.dead - totals.purged)
