"""The ids that clients gave, of the newest records of one partition. No input or output.

A record repeats an earlier one when it has the same id, lies behind it in the same partition,
and was produced no later than `seconds` after it. Producers send the same id to the same
partition, so what repeats what follows from the log alone: whoever reads it again, after
whatever died, comes to the same answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from services.shared.dedup import Dedup


class First(NamedTuple):
    """The record that had an id first."""

    offset: int
    at: int
    """Produced, ms since the epoch."""
    position: str = ""
    """Id of its document where it lies in an earlier life of the partition; its offset is then
    below zero."""


class Changes(NamedTuple):
    """What has to be written where the window is kept, first what is dropped."""

    dropped: list[str]
    put: dict[str, First]


class DedupWindow:
    """The ids of one partition up to some offset, oldest first."""

    def __init__(self, bounds: Dedup, kept: Iterable[tuple[str, First]] = ()) -> None:
        """`kept`: what is kept already, in any order."""
        self._bounds = bounds
        self._ids = OrderedDict(sorted(kept, key=lambda each: each[1].offset))
        self._put: dict[str, First] = {}
        self._dropped: list[str] = []

    def __len__(self) -> int:
        """Ids remembered."""
        return len(self._ids)

    def first(self, event_id: str, offset: int, at: int, position: str = "") -> First | None:
        """The record that this one repeats; None where it is the first, which is remembered."""
        known = self._ids.get(event_id)
        if known is not None:
            if known.offset >= offset:  # this very record, or one before it, is read again
                return None
            if at - known.at <= self._bounds.seconds * 1_000:
                return known
        self._ids[event_id] = self._put[event_id] = First(offset, at, position)
        self._ids.move_to_end(event_id)
        self._forget(at)
        return None

    def _forget(self, now: int) -> None:
        oldest = now - self._bounds.seconds * 1_000
        while len(self._ids) > 1:
            event_id, first = next(iter(self._ids.items()))
            if len(self._ids) <= self._bounds.most and first.at >= oldest:
                break
            del self._ids[event_id]
            self._put.pop(event_id, None)
            self._dropped.append(event_id)

    def changes(self) -> Changes:
        """What has changed since it was asked last."""
        made = Changes(self._dropped, self._put)
        self._put, self._dropped = {}, []
        return made
