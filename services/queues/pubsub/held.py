"""What a subscriber has in its hands of one producer. No input or output."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from services.queues.batch import Record
from services.queues.packed import BadMessageError, unpack
from services.queues.record import placed
from wire.batches import Unreadable

_KEPT = 1_024
"""Bytes that are kept of what cannot be read."""


class Piece(NamedTuple):
    """One message."""

    first: int
    """Offset of its first record."""
    records: int
    data: bytes
    since: float
    """When it came, by the monotonic clock."""

    @property
    def last(self) -> int:
        """Offset of its last record."""
        return self.first + self.records - 1


class Hole(NamedTuple):
    """Offsets that are missing: [first, end)."""

    first: int
    end: int


class Held:
    """The messages of one producer that are not counted yet, whatever the order in which they
    came."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self.bytes = 0

    @property
    def since(self) -> float:
        """When the first of them came; endless where there is none."""
        return self._pieces[0].since if self._pieces else float("inf")

    @property
    def range(self) -> Hole | None:
        """From the first to the last of them, with what is missing in between; None for none."""
        return Hole(self._pieces[0].first, self._pieces[-1].last + 1) if self._pieces else None

    def add(self, piece: Piece) -> None:
        """Takes a message; one that is there already changes nothing."""
        at = bisect_left(self._pieces, piece.first, key=lambda each: each.first)
        if at == len(self._pieces) or self._pieces[at].first != piece.first:
            self._pieces.insert(at, piece)
            self.bytes += len(piece.data)

    def forget(self, committed: int) -> None:
        """Drops what is counted."""
        through = 0
        while through < len(self._pieces) and self._pieces[through].last <= committed:
            self.bytes -= len(self._pieces[through].data)
            through += 1
        del self._pieces[:through]

    def hole(self, committed: int) -> Hole | None:
        """What is missing before the first of them; None where nothing is."""
        if not self._pieces or self._pieces[0].first <= committed + 1:
            return None
        return Hole(committed + 1, self._pieces[0].first)

    def take(self, committed: int, most: int) -> list[Record]:
        """Records behind the committed offset up to the next hole, about `most`. They stay here
        until they are forgotten."""
        found: list[Record] = []
        upto: int | None = None
        for piece in self._pieces:
            if len(found) >= most or (upto is not None and piece.first > upto + 1):
                break
            upto = piece.last
            found += [record for record in _records(piece) if record.offset > committed]
        return found


def _records(piece: Piece) -> list[Record]:
    try:
        message = unpack(piece.data, piece.records)
    except BadMessageError as error:
        reason = f"of its channel {error}"
        return [Unreadable(piece.last, piece.first, 0, piece.data[:_KEPT], reason)]
    return [*placed(message.entries, piece.first, message.at)]
