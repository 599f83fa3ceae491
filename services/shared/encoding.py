"""Bodies that were compressed on their way."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

from scenarios.bodies import BodyError, BodyTooLargeError
from services.shared.inflight import Charge

ACCEPTED = b"gzip"
_NAMES = (b"gzip", b"x-gzip")
_BITE = 16 << 10
_PIECE = 64 << 10
"""Bytes that are read, and made of them, without a pause."""
_MOST_MEMBERS = 1_000


class BadEncodingError(BodyError):
    """A body in an encoding that is not read."""


def encoding_of(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """`gzip`, or nothing where the body is as it is. Raises BadEncodingError."""
    given = b",".join(value for name, value in headers if name == b"content-encoding")
    if not given:
        return b""
    names = [name.strip().lower() for name in given.split(b",")]
    names = [name for name in names if name not in (b"", b"identity")]
    if not names:
        return b""
    if len(names) == 1 and names[0] in _NAMES:
        return ACCEPTED
    said = b", ".join(names)[:40].decode("latin-1")
    raise BadEncodingError(
        f"Content-Encoding {said!r} is not read; send gzip, or the body as it is"
    )


async def unpacked(body: bytes | bytearray, most: int, charge: Charge) -> bytearray:
    """What a gzip body holds, at most `most` bytes; no more is unpacked than is kept.

    Raises BodyError where it is not gzip or ends early, BodyTooLargeError beyond the bound,
    Unavailable where the process holds too much.
    """
    made = bytearray()
    members, at, left = 0, 0, b""
    member: Any = None
    while left or at < len(body):
        if not left:
            left, at = bytes(body[at : at + _BITE]), at + _BITE
        if member is None:
            # what pads a file to a size is no member
            left = left.lstrip(b"\x00") if members else left
            if not left:
                continue
            member, members = zlib.decompressobj(wbits=31), members + 1
            if members > _MOST_MEMBERS:
                raise BodyError(f"the body is more than {_MOST_MEMBERS} gzip members")
        _unpack(member, left, made, most)
        charge.grow(len(body) + len(made))
        left = member.unused_data if member.eof else member.unconsumed_tail
        member = None if member.eof else member
        await asyncio.sleep(0)
    if member is not None or not members:
        raise BodyError("the body is not gzip: it ends early")
    return made


def _unpack(member: Any, left: bytes, made: bytearray, most: int) -> None:
    try:
        made += member.decompress(left, _PIECE)
    except zlib.error as error:
        raise BodyError(f"the body is not gzip: {error}") from None
    if len(made) > most:
        raise BodyTooLargeError(f"the body unpacks to more than the {most} bytes that are taken")
