"""The file of one process's acknowledged count: what it holds, and whether that can be trusted.

A count of eight bytes that is stored at once, then two stamps that are written in turn, each when
the file is about to be synced: a generation, the count, the boot of the machine and a checksum.
Whatever kills the process, one stamp is whole. A stamp of another boot that was not closed says
that the machine went down meanwhile: the newest counts may never have reached the disk.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from pathlib import Path
from typing import NamedTuple

_COUNT = struct.Struct("=Q")
_BODY = struct.Struct("=QQ16s")
_SUM = struct.Struct("=I")
_STAMP = _BODY.size + _SUM.size
PLAIN = _COUNT.size
"""Bytes of a file from before there were stamps."""
SIZE = PLAIN + 2 * _STAMP
_BOOT = Path("/proc/sys/kernel/random/boot_id")
CLOSED = bytes(16)
"""Stands for the boot in a file that was closed and synced."""


def this_boot() -> bytes:
    """What tells this run of the machine from any other; 16 bytes."""
    try:
        return uuid.UUID(_BOOT.read_text().strip()).bytes
    except (OSError, ValueError):
        return b"\xff" * 16


class Stamp(NamedTuple):
    """What was true when the file was last about to be synced."""

    generation: int
    events: int
    boot: bytes

    @property
    def place(self) -> slice:
        """Where it goes: the one before it stays."""
        start = PLAIN + self.generation % 2 * _STAMP
        return slice(start, start + _STAMP)

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        body = _BODY.pack(*self)
        return body + _SUM.pack(zlib.crc32(body))


class Kept(NamedTuple):
    """What a file says."""

    events: int
    generation: int
    sure: bool
    """Nothing that was counted can be missing."""


def read(raw: bytes, boot: bytes) -> Kept | None:
    """What the bytes of a file say; None where they are damaged, or the file is just being made."""
    if len(raw) == PLAIN:
        return Kept(_COUNT.unpack(raw)[0], 0, True)
    if len(raw) != SIZE:
        return None
    stamps = [stamp for start in (PLAIN, PLAIN + _STAMP) if (stamp := _stamp(raw, start))]
    if not stamps:
        return None
    newest = max(stamps)
    count = max(_COUNT.unpack_from(raw)[0], newest.events)
    return Kept(count, newest.generation, newest.boot in (boot, CLOSED))


def fresh(boot: bytes) -> bytes:
    """The bytes of a new file."""
    stamp = Stamp(1, 0, boot)
    raw = bytearray(SIZE)
    raw[stamp.place] = stamp.raw
    return bytes(raw)


def _stamp(raw: bytes, start: int) -> Stamp | None:
    body = raw[start : start + _BODY.size]
    if zlib.crc32(body) != _SUM.unpack_from(raw, start + _BODY.size)[0]:
        return None
    stamp = Stamp(*_BODY.unpack(body))
    # zeros have a checksum that is right
    return stamp if stamp.generation else None
