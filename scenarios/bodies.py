"""From the bytes of a body or a file to raw records: every shape that is accepted.

A text is values one after the other, apart by blanks, lines or nothing. A value is a record, a
list of records, or an object of at most WRAPPER_FIELDS fields that holds a list of records under
`lista`. Doors and files are read by this grammar and no other; `scenarios.walk` carries it out
for what is more than a mouthful.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scenarios.json_values import (
    WRAPPER_FIELDS,
    NotJsonError,
    Truncated,
    decode,
    flattened,
    nested_deeper,
)
from scenarios.locations import Lines
from scenarios.refusals import (
    BodyError,
    BodyTooDeepError,
    BodyTooLargeError,
    MalformedError,
    TooManyRecordsError,
    Unreadable,
)
from scenarios.walk import (
    MAX_BODY,
    MAX_DEPTH,
    MAX_RECORD,
    MAX_RECORDS,
    SLICE,
    Bounds,
    Walk,
)

__all__ = [
    "MAX_BODY",
    "MAX_DEPTH",
    "MAX_RECORD",
    "MAX_RECORDS",
    "MOUTHFUL",
    "SLICE",
    "BodyError",
    "BodyTooDeepError",
    "BodyTooLargeError",
    "Bounds",
    "Given",
    "MalformedError",
    "Records",
    "Stream",
    "TooManyRecordsError",
    "Unreadable",
    "parse_records",
    "placed_records",
    "read_records",
    "slices_of",
]

MOUTHFUL = 8 << 10
"""Bytes that are decoded in one go, whatever they are."""
_BLANKS = b" \t\r\n\v\f"
_MARK = b"\xef\xbb\xbf"


class Records(list[Any]):
    """Raw records, in order. `single`: the body was one record, not a list of them."""

    single: bool = False


class Stream:
    """The raw records of a larger body, which is decoded slice by slice as they are asked for.

    What was given out is not kept. The end of the iteration is the end of a good body; until
    then BodyError may be raised.
    """

    def __init__(self, body: bytes | bytearray, bounds: Bounds) -> None:
        self._walk = Walk(body, bounds)

    @property
    def single(self) -> bool:
        """Whether the body was one record; known with the first slice."""
        return self._walk.single

    def slices(self) -> Iterator[Sequence[Any]]:
        """The records, at most about SLICE bytes of the body at a time; to be asked once."""
        yield from self._walk.slices()
        self._walk.forget()


Given = Sequence[Any] | Stream
"""Raw records on their way to whoever takes them."""


def slices_of(records: Given) -> Iterable[Sequence[Any]]:
    """Pieces of the records that are each handled without a pause."""
    return records.slices() if isinstance(records, Stream) else (records,)


def read_records(body: bytes | bytearray, bounds: Bounds) -> Records | Stream:
    """The raw records of a body; those of a large one are decoded as they are asked for.

    Raises BodyError where the body is no records, BodyTooLargeError beyond the bounds. Records
    are not validated; a bad line of JSON lines becomes Unreadable.
    """
    if len(body) > bounds.body:
        raise BodyTooLargeError(f"the body has {len(body)} bytes, at most {bounds.body} are taken")
    return _small(body, bounds) if len(body) <= MOUTHFUL else Stream(body, bounds)


def placed_records(text: bytes, bounds: Bounds) -> Iterator[tuple[int, Any]]:
    """The raw records of a text with the line, from 1, in which each begins; those of an object
    that fits into the bound of a record stand where it begins. Raises BodyError, also for what
    a door makes one bad record of.
    """
    walk = Walk(text, bounds, placed=True)
    lines = Lines(text)
    for part in walk.slices():
        for at, record in zip(walk.starts, part, strict=True):
            yield lines.line(at), record


def parse_records(
    body: bytes,
    *,
    max_bytes: int = MAX_BODY,
    max_records: int = MAX_RECORDS,
    max_depth: int = MAX_DEPTH,
    max_record: int = MAX_RECORD,
) -> Records:
    """All raw records of a body at once; see `read_records`."""
    found = read_records(body, Bounds(max_bytes, max_records, max_depth, max_record))
    return found if isinstance(found, Records) else _gathered(found.slices(), found)


def _small(body: bytes | bytearray, bounds: Bounds) -> Records:
    text = body.removeprefix(_MARK).strip(_BLANKS)
    if not text:
        raise BodyError("the body is empty")
    try:
        value = decode(text)
    except (NotJsonError, Truncated):
        walk = Walk(body, bounds)
        return _gathered(walk.slices(), walk)
    if type(value) is dict and len(value) > WRAPPER_FIELDS:
        records = Records((value,))
        records.single = True
    else:
        found, single = flattened(value)
        records = Records(found)
        records.single = single
    if max(len(records), len(value) if type(value) is list else 0) > bounds.records:
        raise TooManyRecordsError(
            f"the body has {len(records)} records, at most {bounds.records} are taken"
        )
    if len(text) > bounds.record:
        # a long list of short records is as good as any, which only a walk can tell
        walk = Walk(body, bounds)
        return _gathered(walk.slices(), walk)
    if nested_deeper(text, records, bounds.depth):
        raise BodyTooDeepError(f"the body is nested deeper than {bounds.depth}")
    return records


def _gathered(slices: Iterable[Sequence[Any]], source: Walk | Stream) -> Records:
    records = Records(record for part in slices for record in part)
    records.single = source.single
    return records
