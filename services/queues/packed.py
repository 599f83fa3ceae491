"""What is published together, as one message."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from services.queues.port import Entry


class Message(NamedTuple):
    """Records with the time at which they were published."""

    at: int
    """Milliseconds since the epoch."""
    entries: list[Entry]


pack = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class BadMessageError(ValueError):
    """Bytes that are no message of ours."""


def unpack(data: bytes, records: int) -> Message:
    """The message, which holds so many records. Raises BadMessageError."""
    try:
        found = _decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError):
        raise BadMessageError("is no message of a producer of ours") from None
    if len(found.entries) != records:
        raise BadMessageError(f"holds {len(found.entries)} records and says {records}")
    return found
