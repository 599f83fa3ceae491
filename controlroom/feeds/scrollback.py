"""Scrolling back beyond the ring of the log tail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from controlroom.feeds.log import LogSource, partition_of
from controlroom.model.log import LogLine, LogView

if TYPE_CHECKING:
    from wire.ranges import Range

PAGE = 200


class Scrollback:
    """Lines before those of the ring, fetched page by page and kept until the tail is followed.

    They are numbered downwards from the line at which the scrolling left the ring.
    """

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._anchor: int | None = None
        self._older: list[LogLine] = []
        self._reach: dict[int, int] = {}
        """Partition -> lowest offset that was seen."""

    async def page(self, view: LogView, before: int, n: int) -> list[LogLine]:
        """Up to n lines that stand before line number `before`, oldest first."""
        inside = view.lines[max(0, before - n - view.first) : max(0, before - view.first)]
        if len(inside) == n:
            return list(inside)
        edge = min(before, view.first)
        if self._anchor is None or edge > self._anchor:
            self._begin(view)
        older = await self._from_store(edge, n - len(inside))
        return older + list(inside)

    def _begin(self, view: LogView) -> None:
        self._anchor = view.first
        self._older = []
        self._reach = self._source.next_offsets() | lowest(view.lines)

    async def _from_store(self, before: int, n: int) -> list[LogLine]:
        assert self._anchor is not None
        skip = self._anchor - before
        while len(self._older) < skip + n:
            found = await self._fetch(max(PAGE, skip + n - len(self._older)))
            if not found:
                break
            self._older += found
            for partition, offset in lowest(found).items():
                self._reach[partition] = min(offset, self._reach.get(partition, offset))
        return self._older[skip : skip + n][::-1]

    async def _fetch(self, n: int) -> list[LogLine]:
        committed_offsets = await self._source.committed_offsets()
        ranges = below(committed_offsets.ranges(), self._reach)
        return await self._source.newest(ranges, n)


def lowest(lines: Sequence[LogLine]) -> dict[int, int]:
    """Partition -> lowest offset among the lines."""
    found: dict[int, int] = {}
    for line in lines:
        found[line.partition] = min(line.offset, found.get(line.partition, line.offset))
    return found


def below(ranges: Sequence[Range], reach: Mapping[int, int]) -> list[Range]:
    """The parts of the ranges that lie below what was seen of their partitions."""
    from wire.ranges import Range as Piece

    pieces = []
    for each in ranges:
        partition = partition_of(each.tp)
        upto = min(each.upto, reach[partition] - 1) if partition in reach else each.upto
        if upto > each.after:
            pieces.append(Piece(each.tp, each.after, upto))
    return pieces
