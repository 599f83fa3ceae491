"""A record as the sink reads it, of queues whose client has none of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.queues.port import Entry


class PlacedRecord(NamedTuple):
    """One record and its place in its log."""

    offset: int
    timestamp: int
    """Published, ms since the epoch."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def placed(entries: Sequence[Entry], first: int, at: int) -> list[PlacedRecord]:
    """Records that were published together, the first of them at offset `first`."""
    return [
        PlacedRecord(first + n, at, None, value, headers)
        for n, (value, headers) in enumerate(entries)
    ]
