"""The few messages of `controlroom.v1.Ingest` that the load needs, written by hand.

A judge that shared its messages with the judged would share their errors too.
Source: protobuf.dev/programming-guides/encoding, proto/controlroom.proto.
"""

from __future__ import annotations

from collections.abc import Iterable

SEND = "/controlroom.v1.Ingest/Send"
SEND_STREAM = "/controlroom.v1.Ingest/SendStream"
SEND_BATCH = "/controlroom.v1.Ingest/SendBatch"


def event(event_id: str, json: bytes) -> bytes:
    """An Event: id (1), json (3)."""
    return _text(1, event_id.encode()) + _text(3, json)


def batch(events: Iterable[bytes]) -> bytes:
    """A Batch of encoded events (1)."""
    return b"".join(_text(1, one) for one in events)


def accepted(receipt: bytes) -> int:
    """The number `accepted` (1) of a Receipt that refused nothing; 0 where it is absent."""
    if not receipt or receipt[0] != _tag(1, 0):
        return 0
    number = shift = 0
    for byte in receipt[1:]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return number


def _text(field: int, data: bytes) -> bytes:
    return bytes((_tag(field, 2),)) + _varint(len(data)) + data


def _tag(field: int, kind: int) -> int:
    return field << 3 | kind


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
