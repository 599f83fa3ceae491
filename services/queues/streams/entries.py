"""Entries of a stream, as records with their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.queues.batch import Record
from services.queues.packed import BadMessageError, unpack
from services.queues.record import placed
from wire.batches import Unreadable

_KEPT = 1_024
"""Bytes that are kept of what cannot be read."""

Raw = tuple[bytes, dict[bytes, bytes] | None]
"""Id and fields, as Redis answers them; no fields where the entry was removed meanwhile."""


@dataclass(slots=True)
class Taken:
    """What follows the committed offset, of entries in the order of their ids."""

    last: int
    """The offset of the last record."""
    records: list[Record] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    """Of the entries that are through once this is counted."""
    bytes: int | None = None
    """Up to where the bytes of the partition are through then; None where no entry says it."""
    hole: bool = False
    """Whether an entry lies beyond the next offset. It was left alone, and what follows it."""
    foreign: int = 0
    """Entries without a place, which somebody else has put there; left out."""


def taken(raw: Sequence[Raw], committed: int, end: int, over_holes: bool = False) -> Taken:
    """Sorts entries. `end`: records that the partition has taken, as far as known; `over_holes`:
    what is missing was looked for and is not there."""
    found = Taken(committed)
    for at, (name, fields) in enumerate(raw):
        first = _offset(name)
        if first is None or (end and first >= end and not _says(fields)):
            found.foreign += 1
            found.ids.append(name)
            continue
        if fields is None:
            continue
        if first > found.last + 1 and not over_holes:
            found.hole = True
            return found
        following = _offset(raw[at + 1][0]) if at + 1 < len(raw) else None
        last, records = _records(first, fields, end if following is None else following)
        found.ids.append(name)
        found.bytes = _number(fields.get(b"b")) or found.bytes
        if last > found.last:
            found.records += [record for record in records if record.offset > found.last]
            found.last = last
    return found


def _records(
    first: int, fields: dict[bytes, bytes], following: int
) -> tuple[int, Sequence[Record]]:
    """The last offset of an entry, and its records; one that cannot be read stands for all of
    its offsets."""
    said, data = _number(fields.get(b"n")), fields.get(b"e", b"")
    try:
        if not said:
            raise BadMessageError("does not say how many records it holds")
        message = unpack(data, said)
    except BadMessageError as error:
        last = first + (said or max(1, following - first)) - 1
        reason = f"in its stream {error}"
        return last, [Unreadable(last, first, 0, data[:_KEPT], reason)]
    return first + said - 1, placed(message.entries, first, message.at)


def _offset(name: bytes) -> int | None:
    """Of an entry that has a place."""
    offset, _, part = name.partition(b"-")
    return int(offset) if part == b"1" else None


def _says(fields: dict[bytes, bytes] | None) -> bool:
    return fields is not None and b"n" in fields


def _number(value: Any) -> int:
    return int(value) if value is not None and value.isdigit() and len(value) < 16 else 0
