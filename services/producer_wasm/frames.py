"""What front and worker of a pod say to each other: frames of msgpack, each with its length.

A front sends requests, several in one frame; the worker answers each of them in a frame of the
same number. They are parts of one pod and of one version, so there is nothing to agree on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

LARGEST = 4 << 20
"""Bytes of a frame."""
_HEAD = 4


class Request(msgspec.Struct, array_like=True, gc=False):
    """The records of one request, as JSON, and the ids that its client gave, or none."""

    records: list[bytes]
    ids: list[str]
    refused: dict[int, str] = {}
    """Place of a record that the door could not read -> why."""


class Answer(msgspec.Struct, array_like=True, gc=False):
    """What became of a request. With a `code` of `wire.problems` nothing of it was accepted."""

    accepted: int = 0
    rejected: int = 0
    errors: list[tuple[int, str, str]] = []
    """Place of the record, field, message."""
    last_id: str = ""
    code: str = ""
    message: str = ""
    retry_after: int = 0


class Requests(msgspec.Struct, array_like=True, gc=False):
    """A frame to the worker."""

    number: int
    requests: list[Request]


class Answers(msgspec.Struct, array_like=True, gc=False):
    """A frame to the front."""

    number: int
    answers: list[Answer]


_encode = msgspec.msgpack.Encoder().encode_into
T = TypeVar("T", Requests, Answers)


def frame(content: Requests | Answers) -> bytes:
    """The bytes of a frame."""
    made = bytearray(_HEAD)
    _encode(content, made, _HEAD)
    made[:_HEAD] = (len(made) - _HEAD).to_bytes(_HEAD, "little")
    return bytes(made)


class BrokenError(Exception):
    """What comes is no frame of ours."""


class Reader(Generic[T]):
    """Frames out of a stream of bytes."""

    def __init__(self, kind: type[T]) -> None:
        self._decode: Any = msgspec.msgpack.Decoder(kind).decode
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """The frames that are whole now. Raises BrokenError."""
        self._bytes += data
        at = 0
        while len(self._bytes) - at >= _HEAD:
            start = at + _HEAD
            size = int.from_bytes(self._bytes[at:start], "little")
            if size > LARGEST:
                raise BrokenError(f"a frame of {size} bytes")
            if len(self._bytes) < start + size:
                break
            at = start + size
            try:
                found: T = self._decode(bytes(self._bytes[start:at]))
            except msgspec.DecodeError as error:
                raise BrokenError(str(error)) from error
            yield found
        del self._bytes[:at]
