"""How many documents there are below the committed offsets, counted once and kept.

What was counted is kept beside the documents: per partition the documents of every window, and up
to which offset. Whoever opens the books goes on from there, so that an answer costs as much as
what came since, and not as much as all there is. A window that was counted is counted again in
rotation, because somebody may remove a document by hand.
"""

from __future__ import annotations

import asyncio
import sys
import time
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from wire import keys
from wire.documents import Document, Documents
from wire.ending import together
from wire.ranges import WINDOW, Range

_AT_ONCE = 4
_FORMAT = 1


class DocumentCount:
    """Counts the documents of one scenario. Every method that asks raises DocumentsError."""

    def __init__(self, scenario: str, documents: Documents) -> None:
        self._scenario = scenario
        self._documents = documents
        self._counted: dict[str, Counted] = {}
        self._saved: dict[str, Document] = {}
        self._wanted: frozenset[str] = frozenset()
        self._turn = 0
        self._limit = asyncio.Semaphore(_AT_ONCE)

    async def load(self) -> None:
        """Takes over what was kept, as far as it is further than what is known here."""
        for kept in await self._documents.audits(self._scenario):
            found = Counted.read(kept)
            if found is not None:
                self._saved[found.tp] = kept
                known = self._counted.get(found.tp)
                self._counted[found.tp] = known.joined(found) if known else found

    async def save(self) -> None:
        """Keeps what has changed since it was kept last.

        What reaches further stays: a committed offset that went back, in a Redis that was emptied,
        comes to those documents again.
        """
        for counted in list(self._counted.values()):
            document, kept = counted.document(), self._saved.get(counted.tp)
            further = kept and kept["after"] >= counted.after and kept["upto"] > counted.upto
            if document != kept and not further:
                await self._documents.keep_audit(self._scenario, document)
                self._saved[counted.tp] = document

    async def advance(
        self,
        ranges: Sequence[Range],
        deadline: float | None = None,
        sides: Mapping[str, str] | None = None,
    ) -> int:
        """Counts what is not counted yet of these ranges, which are all there is.

        It stops at the deadline (of the monotonic clock), after one window of each range at least.
        `sides` is kept with what was counted: `tp` -> its queue, as `wire.committed.Committed` has
        it. Returns the offsets that are left.
        """
        self._counted = {r.tp: self._counted.get(r.tp) or Counted(r.tp, r.after) for r in ranges}
        self._wanted = frozenset(self._counted)
        for tp, side in (sides or {}).items():
            if tp in self._counted:
                self._counted[tp].side = side
        await together(*(self._advance(wanted, deadline) for wanted in ranges))
        return self.left(ranges)

    def left(self, ranges: Sequence[Range]) -> int:
        """Offsets of these ranges that are not counted yet."""
        known = {tp: counted.upto for tp, counted in self._counted.items()}
        return sum(max(0, r.upto - known.get(r.tp, r.after)) for r in ranges)

    @property
    def total(self) -> int:
        """Documents that were counted of the ranges that were wanted last; what is kept of other
        queues is not of them."""
        return sum(self._counted[tp].total for tp in self._wanted & self._counted.keys())

    async def recheck(self, windows: int = 1) -> None:
        """Counts the next windows in the rotation again."""
        known = [(counted, number) for counted in self._counted.values() for number in counted.by]
        for _ in range(min(windows, len(known))):
            self._turn = (self._turn + 1) % len(known)
            counted, number = known[self._turn]
            counted.by[number] = await self._ask(counted.window(number))

    async def again(self, after: Mapping[str, int]) -> None:
        """Counts every window again that has offsets beyond these (`tp` -> offset)."""
        for counted in list(self._counted.values()):
            known = after.get(counted.tp, -1)
            for number in list(counted.by):
                window = counted.window(number)
                if window.upto > known:
                    counted.by[number] = await self._ask(window)

    async def _advance(self, wanted: Range, deadline: float | None) -> None:
        counted = self._counted[wanted.tp]
        if wanted.after < counted.after:
            counted = Counted(wanted.tp, wanted.after, counted.side)
            self._counted[wanted.tp] = counted
        counted.end(wanted.upto)
        if wanted.after > counted.after:
            remains = counted.remains(wanted.after)
            counted.cut(wanted.after, await self._ask(remains) if remains else 0)
        for window in counted.missing(wanted.upto):
            counted.add(window, await self._ask(window))
            # asked last, so that a count goes on however late it begins
            if deadline is not None and time.monotonic() >= deadline:
                return

    async def _ask(self, window: Range) -> int:
        async with self._limit:
            return await self._documents.count(keys.logs_collection(self._scenario), window)


class Counted:
    """What is known of one partition: documents per window, from `after` up to `upto`."""

    def __init__(self, tp: str, after: int, side: str = "") -> None:
        self.tp = tp
        self.side = side
        self.after = after
        self.upto = after
        self.by: dict[int, int] = {}
        """Number of a window -> documents; every window between `after` and `upto` is there."""

    @classmethod
    def read(cls, document: Document) -> Counted | None:
        """What `document` made; None where it is not of this form, and is counted anew."""
        try:
            counted = cls(
                str(document["_id"]), int(document["after"]), str(document.get("queue", ""))
            )
            counted.upto = int(document["upto"])
            counts = array("I", bytes(document["counts"]))
        except (KeyError, TypeError, ValueError):
            return None
        if sys.byteorder == "big":
            counts.byteswap()
        windows = Range(counted.tp, counted.after, counted.upto).windows()
        if document.get("format") != _FORMAT or len(counts) != len(windows):
            return None
        first = (counted.after + 1) // WINDOW
        counted.by = {first + place: count for place, count in enumerate(counts)}
        return counted

    def document(self) -> dict[str, Any]:
        """As it is kept: `_id` the `tp`, `after`, `upto`, and `counts`, four bytes for each window,
        least first; `queue` where that is not the scenario's first."""
        counts = array("I", (self.by[number] for number in sorted(self.by)))
        if sys.byteorder == "big":
            counts.byteswap()
        return {
            "_id": self.tp,
            "format": _FORMAT,
            "after": self.after,
            "upto": self.upto,
            "counts": counts.tobytes(),
            **({"queue": self.side} if self.side else {}),
        }

    @property
    def total(self) -> int:
        return sum(self.by.values())

    def joined(self, kept: Counted) -> Counted:
        """Both together; of windows that both have counted whole, what was kept is newer."""
        if kept.upto >= self.upto:
            return kept
        if kept.after == self.after:
            whole = (kept.upto + 1) // WINDOW
            self.by |= {number: count for number, count in kept.by.items() if number < whole}
        return self

    def end(self, upto: int) -> None:
        """Forgets what lies beyond an offset to which the committed offset went back."""
        if upto < self.upto:
            last = (upto + 1) // WINDOW
            self.by = {number: count for number, count in self.by.items() if number < last}
            self.upto = max(self.after, last * WINDOW - 1)

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
        """What is to be counted yet."""
        return Range(self.tp, self.upto, upto).windows()

    def add(self, window: Range, count: int) -> None:
        """The documents of the next piece of a window."""
        number = window.upto // WINDOW
        self.by[number] = self.by.get(number, 0) + count
        self.upto = window.upto

    def window(self, number: int) -> Range:
        """What is counted of a window."""
        first = number * WINDOW - 1
        return Range(self.tp, max(self.after, first), min(self.upto, first + WINDOW))
