"""Reads recordings, also one that is being written, or whose end was cut off."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import msgspec

from controlroom.recordings.errors import RecordingError
from controlroom.recordings.format import (
    HEADER_SIZE,
    SOURCES,
    SUFFIX,
    VERSION,
    Head,
    Line,
    decode_head,
    decode_line,
    read_header,
)

MOST = 64 << 20
"""Bytes of JSON that are read of one block: one that holds more was not written by a recorder."""
_FIX = "Make one with `controlroom record -o FILE`."


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a file that can be read by itself. Times are seconds since the epoch."""

    path: Path
    start: int
    size: int
    first: float
    last: float
    cut: bool = False
    """Whether it was not closed."""


class Recording:
    """One file, or the files that follow each other in a folder."""

    def __init__(self, path: Path) -> None:
        """Reads heads and headers only. Raises RecordingError."""
        self.path = path
        self.files = files_of(path)
        self.heads: list[Head] = []
        self.blocks: list[Block] = []
        for one in self.files:
            try:
                head, blocks = _scanned(one)
            except RecordingError:
                if one == path:
                    raise
                continue  # one of a folder that is bad, or gone meanwhile, costs no other
            if self.heads and head.scenario != self.heads[-1].scenario:
                # what another scenario told makes no frames of this one
                self.heads.clear()
                self.blocks.clear()
            self.heads.append(head)
            self.blocks += blocks
        if not self.blocks:
            raise RecordingError(f"{path} holds no reports.", _FIX)

    @property
    def head(self) -> Head:
        """What the newest file says of itself."""
        return self.heads[-1]

    @property
    def first(self) -> float:
        """When it begins."""
        return self.blocks[0].first

    @property
    def last(self) -> float:
        """When it ends."""
        return max(block.last for block in self.blocks)

    def between(self, first: float, last: float) -> Self:
        """The blocks of that time, which begin a little before it. Raises RecordingError."""
        part = copy(self)
        part.blocks = [one for one in self.blocks if one.last >= first and one.first <= last]
        if not part.blocks:
            raise RecordingError(f"{self.path} holds nothing of that time.", _FIX)
        return part

    def block_at(self, at: float) -> int:
        """Number of the last block that begins at or before `at`, else 0."""
        found = 0
        for number, block in enumerate(self.blocks):
            if block.first <= at:
                found = number
        return found

    def lines(self, block: int = 0) -> Iterator[tuple[Line, bool]]:
        """All lines from that block on; True with those that are known before it begins, which
        come of this block only."""
        begins = True
        for one in self.blocks[block:]:
            found = read_block(one)
            for data in found:
                line = read_line(data)
                if line is not None and (begins or line.since is None):
                    yield line, line.since is not None
            # behind one that is damaged, what was known has to be told again
            begins = not found


def files_of(path: Path) -> Sequence[Path]:
    """The file itself, or the recordings of a folder, oldest first. Raises RecordingError."""
    try:
        if not path.is_dir():
            path.stat()
            return (path,)
        found = sorted(one for one in path.iterdir() if one.suffix == SUFFIX)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}.", _FIX) from error
    if not found:
        raise RecordingError(f"{path} holds no recording.", _FIX)
    return found


def read_block(block: Block) -> list[bytes]:
    """The lines of a block; those before the cut where it was not closed, none of a damaged one."""
    try:
        with block.path.open("rb") as file:
            file.seek(block.start)
            data = file.read(block.size)
    except OSError:  # rotated away meanwhile
        return []
    return _unpacked(data, block.cut).splitlines()


def _unpacked(data: bytes, cut: bool = False) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    found = bytearray()
    try:
        for at in range(0, len(data), 4096):
            found += unpacker.decompress(data[at : at + 4096], MOST - len(found))
            if unpacker.eof or len(found) >= MOST:
                break
    except zlib.error:
        if not cut:
            return b""
    return bytes(found) if unpacker.eof else bytes(found[: found.rfind(b"\n") + 1])


def read_line(data: bytes) -> Line | None:
    """None for what is no line, or of a source that is not known."""
    try:
        line = decode_line(data)
    except (msgspec.MsgspecError, ValueError):
        return None
    return line if line.source in SOURCES else None


def _scanned(path: Path) -> tuple[Head, list[Block]]:
    blocks: list[Block] = []
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(0)
            head, at = _head(path, file.read(1 << 16))
            while at < end:
                file.seek(at)
                span = read_header(file.read(HEADER_SIZE))
                if span is None:  # cut off, or no block any more
                    break
                cut = not span.size or at + span.size > end
                size = end - at if cut else span.size
                block = Block(path, at, size, span.first, span.last, cut)
                blocks.append(_measured(block) if cut else block)
                at += size
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}.", _FIX) from error
    return head, blocks


def _head(path: Path, data: bytes) -> tuple[Head, int]:
    span = read_header(data)
    try:
        if span is None:
            raise ValueError
        head = decode_head(_unpacked(data[: span.size]))
    except (ValueError, msgspec.MsgspecError) as error:
        raise RecordingError(f"{path} is no recording of the room.", _FIX) from error
    if head.recording != VERSION:
        raise RecordingError(
            f"{path} is a recording of form {head.recording}; this program reads {VERSION}.",
            f"Open it with the version that made it: {head.by or 'a newer one'}.",
        )
    return head, span.size


def _measured(block: Block) -> Block:
    """One that is not closed, with the time that it covers by its lines."""
    lines = (read_line(data) for data in read_block(block))
    last = max((line.at for line in lines if line is not None), default=block.first)
    return replace(block, last=max(block.first, last))
