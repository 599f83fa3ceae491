"""Pieces of a partition, and the places in it. No client of the document store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

WINDOW = 2_000
"""Offsets that one question covers at most; some milliseconds of the server's time."""


@dataclass(frozen=True, slots=True)
class Range:
    """Documents of one partition with offsets in (after, upto]."""

    tp: str
    after: int
    upto: int

    @property
    def query(self) -> dict[str, Any]:
        """As MongoDB reads it."""
        return {"tp": self.tp, "o": {"$gt": self.after, "$lte": self.upto}}

    def windows(self) -> list[Range]:
        """The same range in pieces whose ends are multiples of WINDOW."""
        pieces = []
        after = self.after
        while after < self.upto:
            upto = min(self.upto, ((after + 1) // WINDOW + 1) * WINDOW - 1)
            pieces.append(Range(self.tp, after, upto))
            after = upto
        return pieces


class Age(NamedTuple):
    """Place of a document in its partition, and when it was stored (ms since the epoch)."""

    offset: int
    stored: int
