"""Batches that are too large to be unpacked in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from scenarios.bodies import SLICE, Stream, Unreadable
from services.pb import controlroom_pb2 as pb
from services.producer_grpc.messages import record_of_event
from services.shared.turn import BREATH

WHOLE = 16 << 10
"""Bytes of a batch that is unpacked in one go, whatever they are."""
_KEPT = 4 << 10
_EVENTS, _FIELDS = 1, 2
"""Numbers of the field of a batch that holds its events, and of an event that holds its fields."""
_MOST_FIELDS = 1_000
"""Fields of one event; each costs some microseconds to unpack, in one go."""
_SURE = 2 * _MOST_FIELDS
"""Bytes of an event that hold no more fields than that."""
Readable = pb.Event | Unreadable


class TooMuchError(Exception):
    """More than the server takes at once."""


class Packed:
    """The bytes of a batch whose events are unpacked one after the other."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def events(self, most: int, largest: int) -> Iterator[Readable]:
        """The events; what is none, or has more than `largest` bytes, is Unreadable.

        Raises TooMuchError beyond `most` events, before any of them is unpacked.
        """
        places: list[tuple[int, int]] = []
        whole = True
        try:
            for place in _places(self.raw, _EVENTS):
                if len(places) == most:
                    raise TooMuchError(f"more than {most} events")
                places.append(place)
        except (DecodeError, IndexError):
            whole = False
        for start, end in places:
            yield read_event(self.raw[start:end], largest)
        if not whole:
            yield Unreadable(self.raw[:_KEPT], "the bytes are no controlroom.v1.Batch")


def read_event(raw: bytes, largest: int, kept: int = _KEPT) -> Readable:
    """The event in a message; Unreadable, with its first `kept` bytes, where it is none or has
    too many fields, and where it is too large."""
    if len(raw) > largest:
        return too_large(raw, largest)
    try:
        if len(raw) > _SURE and next(islice(_places(raw, _FIELDS), _MOST_FIELDS, None), None):
            return Unreadable(raw[:kept], f"has more than {_MOST_FIELDS} fields")
        return pb.Event.FromString(raw)
    except (DecodeError, IndexError):
        return Unreadable(raw[:kept], "the bytes are no controlroom.v1.Event")


def too_large(raw: bytes, largest: int) -> Unreadable:
    """What is kept of a message with too many bytes."""
    return Unreadable(raw[:_KEPT], f"has {len(raw)} bytes, at most {largest} are taken")


def read_batch(raw: bytes) -> pb.Batch | Packed | Unreadable:
    """A batch as it came over the wire."""
    if len(raw) > WHOLE:
        return Packed(raw)
    try:
        return pb.Batch.FromString(raw)
    except DecodeError:
        return Unreadable(raw, "the bytes are no controlroom.v1.Batch")


class Events(Stream):
    """The raw records of many events, and the ids that they were given, in pieces."""

    def __init__(self, events: Iterable[Readable], name: Callable[[Readable], str]) -> None:
        self._events = events
        self._name = name
        self.ids: list[str] = []
        """Of the records that were given out."""

    @property
    def single(self) -> bool:
        """Never: the caller of a batch is answered as one."""
        return False

    def slices(self) -> Iterator[list[Any]]:
        """The records, at most BREATH, of about SLICE bytes or fewer, at a time."""
        part: list[Any] = []
        size = 0
        for event in self._events:
            self.ids.append(self._name(event))
            part.append(record_of_event(event))
            size += len(event.text) if isinstance(event, Unreadable) else event.ByteSize()
            if len(part) >= BREATH or size >= SLICE:
                yield part
                part, size = [], 0
        yield part


def _places(raw: bytes, field: int) -> Iterator[tuple[int, int]]:
    """Where the messages of a field begin and end. Raises DecodeError, IndexError."""
    at, end = 0, len(raw)
    while at < end:
        # most keys and sizes are one byte, which needs no call
        key, at = (raw[at], at + 1) if raw[at] < 0x80 else _varint(raw, at)
        kind = key & 7
        if kind == 2:
            size, at = (raw[at], at + 1) if raw[at] < 0x80 else _varint(raw, at)
            start, at = at, at + size
            if at > end:
                raise DecodeError
            if key >> 3 == field:
                yield start, at
        elif kind == 0:
            _, at = _varint(raw, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise DecodeError


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    byte = raw[at]
    if byte < 0x80:
        return byte, at + 1
    number, shift = byte & 0x7F, 7
    while byte >= 0x80:
        at += 1
        byte = raw[at]
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise DecodeError
    return number, at + 1
