"""The form of a recording: gzip members of JSON lines, so `zcat FILE | jq` reads it too.

The first member is one line, the head. Each of the others is a block: first what was known when
it begins, lines with `since`, so that a block can be read without those before it; then the reports
in the order in which the board got them. The gzip header of a block says how long it is and which
time it covers. One whose length is 0 is being written, or its writer died.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import msgspec

from controlroom.model.books import BooksSample
from controlroom.model.fleet import Fleet
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, QUEUES, RUNS, TALLIES
from controlroom.model.golden import GoldenMetrics
from controlroom.model.log import LogBatch
from controlroom.model.queues import Queues
from controlroom.model.run import Runs
from controlroom.model.samples import Failed, NoData, Report, Sample
from controlroom.model.tallies import Tallies
from controlroom.recordings import books
from scenarios.limits import Limits

VERSION = 1
SUFFIX = ".crec"
_HEADER = struct.Struct("<4sIBBH2sHIdd")
"""Of a gzip member: magic and flags, time, compression, system, length of what is added; then of
that its name, its length, and what it is: bytes of the member, first and last moment."""
HEADER_SIZE = _HEADER.size
_MAGIC, _NAME = b"\x1f\x8b\x08\x04", b"CR"
_ADDED = 24
_TYPES: dict[str, type[Any]] = {
    TALLIES.name: Tallies,
    GOLDEN.name: GoldenMetrics,
    FLEET.name: Fleet,
    QUEUES.name: Queues,
    LOG.name: LogBatch,
    RUNS.name: Runs,
}
SOURCES = frozenset({*_TYPES, BOOKS.name})
"""Whose reports can be recorded; those of panes that are added are not."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording says of itself."""

    recording: int = VERSION
    """Version of the form."""
    scenario: str
    title: str
    target: str
    started: float
    periods: dict[str, float]
    """Source -> seconds between its measurements."""
    limits: Limits = Limits()
    """From which figures on something is degraded, or broken."""
    by: str = ""
    """Version of the program."""


class Span(NamedTuple):
    """What the header of a block says. `size` is 0 while it is not closed."""

    size: int
    first: float
    last: float


class Line(msgspec.Struct, omit_defaults=True):
    """One report. Without any of `value`, `same`, `empty` and `error` it cannot be."""

    source: str
    at: float
    window: float | None = None
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    same: bool = False
    """The value is that of the line of this source before."""
    empty: bool = False
    """The source had nothing to say."""
    error: str | None = None
    fix: str = ""
    retry_at: float | None = None
    denied: bool = False
    since: float | None = None
    """Known before the block begins; the state of the source has lasted since then."""
    seen: int = 0
    """Of a log with `since`: lines that came before the block."""


encode_line: Callable[[Line], bytes] = msgspec.json.Encoder().encode
decode_line: Callable[[bytes], Line] = msgspec.json.Decoder(Line).decode
decode_head: Callable[[bytes], Head] = msgspec.json.Decoder(Head).decode


def header(span: Span) -> bytes:
    """The gzip header of a block."""
    added = (_NAME, _ADDED - 4, *span)
    return _HEADER.pack(_MAGIC, int(span.first) & 0xFFFFFFFF, 0, 255, _ADDED, *added)


def read_header(data: bytes) -> Span | None:
    """What the header of a block says; None where there is none."""
    if len(data) < HEADER_SIZE:
        return None
    magic, _, _, _, _, name, _, size, first, last = _HEADER.unpack_from(data)
    return Span(size, first, last) if magic == _MAGIC and name == _NAME else None


def head_member(head: Head) -> bytes:
    """The first member of a file."""
    line = msgspec.json.encode(head) + b"\n"
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(line) + packer.flush() + trailer(zlib.crc32(line), len(line))
    return header(Span(HEADER_SIZE + len(body), head.started, head.started)) + body


def trailer(crc: int, size: int) -> bytes:
    """The end of a gzip member."""
    return struct.pack("<II", crc, size & 0xFFFFFFFF)


def encode_value(value: object) -> bytes:
    """The value of a sample as JSON."""
    if isinstance(value, BooksSample):
        return msgspec.json.encode(books.plain(value))
    return msgspec.json.encode(value)


def decode_value(source: str, data: bytes | msgspec.Raw | msgspec.UnsetType) -> object:
    """The value of a sample again. Raises ValueError for what is no such value."""
    if isinstance(data, msgspec.UnsetType):
        raise ValueError("no value")
    if source == BOOKS.name:
        return books.sample_of(msgspec.json.decode(data))
    return _decoder(source).decode(data)


def report_of(line: Line, value: object) -> Report:
    """The report that a line tells; `value` is that of its source."""
    if line.error is not None:
        return Failed(line.source, line.at, line.error, line.fix, line.retry_at, line.denied)
    if line.empty:
        return NoData(line.source, line.at)
    return Sample(line.source, line.at, value, line.window)


@cache
def _decoder(source: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_TYPES[source])
