"""One file of a recording, as it is written: a block after the other, never changed but for the
length of a block in its header once it is closed."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controlroom.model.frame import LOG
from controlroom.model.log import LogBatch
from controlroom.model.samples import Failed, NoData, Report, Sample
from controlroom.recordings.format import (
    SOURCES,
    Head,
    Line,
    Span,
    encode_line,
    encode_value,
    head_member,
    header,
    trailer,
)

BLOCK_SECONDS = 30.0
BLOCK_BYTES = 1 << 20
"""Of JSON: a block is closed when it has so much, or is so old."""


@dataclass(slots=True)
class _Known:
    """What a source said last, as a block needs it that begins now."""

    state: str = ""
    since: float = 0.0
    last: Line | None = None
    good: Line | None = None
    """The last one that told a value, or that there is none."""
    value: bytes = b""
    seen: int = 0
    skipped: int = 0


class RecordingFile:
    """Writes reports; `flush` gives all of them to the system. Raises OSError."""

    def __init__(
        self, path: Path, head: Head, known: dict[str, _Known] | None = None, most: int = 0
    ) -> None:
        """Takes the place of a file of that name in one step. It is `full` with `most` bytes."""
        self.path = path
        self.most = most
        self.lost = 0
        """Reports that could not be written as JSON."""
        self._known = {} if known is None else known
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        first = head_member(head)
        try:
            os.write(self._file, first)
            part.replace(path)
        except OSError:
            os.close(self._file)
            part.unlink(missing_ok=True)
            raise
        self.size = len(first)
        """Bytes on the disk so far."""
        self._start = -1
        self._raw = self._crc = 0
        self._span = Span(0, 0.0, 0.0)
        self._packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)

    @property
    def known(self) -> dict[str, _Known]:
        """What the next file has to begin with."""
        return self._known

    @property
    def full(self) -> bool:
        """Whether it has as many bytes as it may."""
        return 0 < self.most <= self.size

    def write(self, report: Report) -> None:
        """Adds one; a report of a source that is not of the project's own is left out."""
        if report.source not in SOURCES:
            return
        known = self._known.setdefault(report.source, _Known())
        if self._start < 0:
            self._begin(report.at)
        try:
            line = _line(report, known)
        except (TypeError, ValueError, msgspec.MsgspecError):
            self.lost += 1
            return
        self._add(line)
        self._span = self._span._replace(last=max(self._span.last, report.at))
        if self._raw > BLOCK_BYTES or report.at - self._span.first > BLOCK_SECONDS:
            self.end_block()

    def flush(self) -> None:
        """Gives the system what was written, so that it survives this process."""
        if self._start >= 0:
            self._put(self._packer.flush(zlib.Z_SYNC_FLUSH))

    def end_block(self) -> None:
        """Closes the block that is open."""
        if self._start < 0:
            return
        self._put(self._packer.flush() + trailer(self._crc, self._raw))
        span = self._span._replace(size=self.size - self._start)
        os.pwrite(self._file, header(span), self._start)
        self._start = -1

    def close(self) -> None:
        """Closes block and file."""
        try:
            self.end_block()
        finally:
            os.close(self._file)

    def _begin(self, at: float) -> None:
        self._start, self._raw, self._crc = self.size, 0, 0
        self._packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._span = Span(0, at, at)
        self._put(header(self._span))
        for known in self._known.values():
            for line in _kept(known):
                self._add(line)

    def _add(self, line: Line) -> None:
        data = encode_line(line) + b"\n"
        self._raw += len(data)
        self._crc = zlib.crc32(data, self._crc)
        self._put(self._packer.compress(data))

    def _put(self, data: bytes) -> None:
        while data:
            written = os.write(self._file, data)
            self.size += written
            data = data[written:]


def _line(report: Report, known: _Known) -> Line:
    """The line of a report; `known` has it afterwards."""
    if isinstance(report, Failed):
        line = Line(
            report.source, report.at, error=report.error, fix=report.fix,
            retry_at=report.retry_at, denied=report.denied,
        )  # fmt: skip
        _note(known, line, "away")
        return line
    if isinstance(report, NoData):
        line = Line(report.source, report.at, empty=True)
        known.value, known.good = b"", line
    else:
        line = _told(report, known)
        known.good = line
    _note(known, line, "live")
    return line


def _told(sample: Sample, known: _Known) -> Line:
    value = encode_value(sample.value)
    same = value == known.value and sample.source != LOG.name
    known.value = value
    if isinstance(sample.value, LogBatch):
        known.seen += len(sample.value.lines)
        known.skipped += sample.value.skipped
        # a block that begins later needs how many there were, and none of them
        known.value = encode_value(LogBatch((), known.skipped, sample.value.total))
    raw = msgspec.UNSET if same else msgspec.Raw(value)
    return Line(sample.source, sample.at, sample.window, raw, same)


def _note(known: _Known, line: Line, state: str) -> None:
    if known.state != state:
        known.state, known.since = state, line.at
    known.last = line


def _kept(known: _Known) -> list[Line]:
    """What a block begins with: the last good value, and how the source is."""
    lines = []
    if known.good is not None:
        good = known.good
        raw = msgspec.UNSET if good.empty else msgspec.Raw(known.value)
        lines.append(
            Line(
                good.source,
                good.at,
                good.window,
                raw,
                empty=good.empty,
                since=known.since,
                seen=known.seen,
            )
        )
    if known.last is not None and known.last.error is not None:
        lines.append(msgspec.structs.replace(known.last, since=known.since))
    return lines
