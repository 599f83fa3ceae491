"""Record batches as a broker sends them, and what stands in for what of them cannot be read.

Source: Kafka's DefaultRecordBatch.java and DefaultRecord.java. A batch that can be read comes
out unpacked, so that nobody unpacks it again. In the place of one that cannot be read, or of a
record of it, comes a record that says why (`unreadable_of`): the client goes on behind it.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import cramjam
import msgspec
from aiokafka.record.control_record import ControlRecord
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

MAX_UNPACKED = 32 << 20
"""Most bytes of one batch once it is unpacked."""
MAX_HEADERS = 1_000
"""Most headers of a record: each costs fifty times its bytes once it is read."""
FIRST_BYTES = 1_024
"""Bytes that are kept of what cannot be read."""

_HEADER = struct.Struct(">qiibIhiqqqhii")
_PLACE = struct.Struct(">qi")
_LAST_DELTA_AT = 23
_LEAST = 26
"""Bytes of the smallest batch that there ever was."""
_CODEC, _CONTROL = 0x07, 0x20
_MAGIC = 2
_MARK = secrets.token_hex(16)
"""Name of a header that nobody outside this process can have written."""


class BadBatchError(Exception):
    """Bytes that are no batch of records; says why."""


class Header(NamedTuple):
    """What lies before the records of a batch."""

    base: int
    size: int
    epoch: int
    magic: int
    crc: int
    attributes: int
    delta: int
    first_at: int
    last_at: int
    producer: int
    producer_epoch: int
    sequence: int
    records: int

    @property
    def last(self) -> int:
        """The offset of its last record."""
        return self.base + self.delta


@dataclass(frozen=True, slots=True)
class Raw:
    """One batch as it came, and where it lies."""

    data: bytes
    position: int
    """The offset that was asked for; a batch may begin before it."""
    end: int
    """The end of the partition's log."""
    following: int | None = None
    """The first offset of the batch behind it, where that came too."""
    header: Header = field(init=False)
    """Its header; what is missing of it is 0."""

    def __post_init__(self) -> None:
        begin = self.data[: _HEADER.size].ljust(_HEADER.size, b"\0")
        object.__setattr__(self, "header", Header._make(_HEADER.unpack(begin)))

    @property
    def sound(self) -> bool:
        """Whether its own checksum says that the header is as it was written."""
        if len(self.data) < _HEADER.size or self.header.magic != _MAGIC:
            return False
        return bool(DefaultRecordBatch(self.data).validate_crc())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for records that cannot be read. `offset` is the last of theirs."""

    offset: int
    first: int
    """The offset of their first."""
    timestamp: int
    """ms since the epoch; 0 where that cannot be read either."""
    value: bytes
    """Their first bytes, as they lie in the log."""
    reason: str
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    def beyond(self, before: int) -> int:
        """Offsets that it stands for beside its own, of those behind `before`."""
        return self.offset - max(self.first, before + 1)


class Given(Protocol):
    """What is looked at of a consumed record."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: Any


def unreadable_of(record: Given) -> Unreadable | None:
    """What a consumed record stands for; None where it is a record as any other."""
    if not record.headers or record.headers[0][0] != _MARK:
        return None
    told: Mapping[str, Any] = msgspec.json.decode(record.headers[0][1])
    return Unreadable(
        record.offset, told["first"], record.timestamp, record.value or b"", told["reason"]
    )


def raw_batches(data: bytes, position: int, end: int) -> Iterator[Raw]:
    """The batches of an answer; what is cut off at its end is left out.

    A broker sends at least the first batch whole, so a first one that is not is no batch.
    """
    at, few = 0, _HEADER.size + FIRST_BYTES
    while len(data) - at >= _PLACE.size:
        size = _PLACE.size + _PLACE.unpack_from(data, at)[1]
        if size < _LEAST or at + size > len(data):
            if at == 0 or size < _LEAST:
                yield Raw(data[at : at + few], position, end)
            return
        following = None
        if len(data) - at - size >= _PLACE.size:
            following = _PLACE.unpack_from(data, at + size)[0]
        yield Raw(data[at : at + size], position, end, following)
        at += size
    if data and at == 0:
        yield Raw(data, position, end)


def readable(raw: Raw) -> bytes:
    """The batch, unpacked; its records can be read. Raises BadBatchError."""
    if len(raw.data) < _LEAST or len(raw.data) != _PLACE.size + raw.header.size:
        raise BadBatchError(f"says that it has {raw.header.size} bytes; {len(raw.data)} came")
    if raw.header.magic < _MAGIC:
        _check_old(raw)
        return raw.data
    plain = _plain(raw)
    _check(plain)
    return plain


def stand_in(raw: Raw, reason: str) -> bytes:
    """A batch in the place of one that cannot be read: its records, but for those that cannot,
    or else one record for all of them."""
    try:
        return _mended(raw)
    except Exception:  # whatever is wrong with it was said by `readable`
        first, last = _place(raw)
        told = _told(first, reason)
        at = max(0, raw.header.last_at) if raw.sound else 0
        return _built(first, last, [(last, at, None, raw.data[:FIRST_BYTES], told)])


def _place(raw: Raw) -> tuple[int, int]:
    """The first and the last offset of a batch that cannot be read. What follows it is expected
    more than a header whose checksum is wrong."""
    header, sound = raw.header, raw.sound
    claimed = raw.position <= header.last < raw.end and header.delta >= 0
    first = header.base if claimed and header.base >= 0 else raw.position
    following = raw.following
    if not (sound and claimed) and following is not None and raw.position < following <= raw.end:
        return min(first, following - 1), following - 1
    return first, header.last if claimed else raw.position


def _plain(raw: Raw) -> bytes:
    """A batch of today's format with its records unpacked."""
    header = raw.header
    if header.magic != _MAGIC:
        raise BadBatchError(f"has the unknown format {header.magic}")
    if len(raw.data) < _HEADER.size:
        raise BadBatchError(f"has {len(raw.data)} bytes, fewer than its header")
    if not raw.sound:
        raise BadBatchError("has a wrong checksum")
    if not (min(header.base, header.delta) >= 0 and raw.position <= header.last < raw.end):
        raise BadBatchError(f"says that it has the offsets {header.base} to {header.last}")
    if not 0 <= header.records <= header.delta + 1:
        raise BadBatchError(f"says that it has {header.records} records")
    codec = header.attributes & _CODEC
    if not codec:
        return raw.data
    body = unpacked(codec, raw.data[_HEADER.size :])
    plain = header._replace(
        attributes=header.attributes & ~_CODEC, size=_HEADER.size - _PLACE.size + len(body)
    )
    return _HEADER.pack(*plain) + body


def unpacked(codec: int, data: bytes) -> bytes:
    """Records unpacked, MAX_UNPACKED bytes at most. Raises BadBatchError."""
    if codec not in _UNPACK:
        raise BadBatchError(f"is packed by codec {codec}, which Kafka does not have")
    name, unpack = _UNPACK[codec]
    try:
        return unpack(data)
    except BadBatchError:
        raise
    except Exception as error:  # each library has errors of its own
        raise BadBatchError(f"cannot be unpacked as {name}: {error}") from error


def _gunzip(data: bytes) -> bytes:
    """One member after the other, as the format allows it."""
    out = bytearray()
    while data:
        member = zlib.decompressobj(wbits=31)
        out += member.decompress(data, MAX_UNPACKED + 1 - len(out))
        _bounded(out)
        if not member.eof:
            raise BadBatchError("ends before its records packed as gzip do")
        data = member.unused_data
    return bytes(out)


def _bounded(data: bytes | bytearray) -> bytes | bytearray:
    if len(data) > MAX_UNPACKED:
        raise BadBatchError(f"has more than {MAX_UNPACKED >> 20} MiB once it is unpacked")
    return data


def _into(unpack: Callable[[bytes, bytearray], int]) -> Callable[[bytes], bytes]:
    """Unpacks into a buffer, first into a small one: most batches are."""

    def unpacking(data: bytes) -> bytes:
        for size in (min(16 * len(data) + 4_096, MAX_UNPACKED), MAX_UNPACKED + 1):
            buffer = bytearray(size)
            try:
                return bytes(_bounded(buffer[: unpack(data, buffer)]))
            except cramjam.DecompressionError as error:
                if "whole buffer" not in str(error):
                    raise
        raise BadBatchError(f"has more than {MAX_UNPACKED >> 20} MiB once it is unpacked")

    return unpacking


_BLOCKS = b"\x82SNAPPY\0"
_BLOCKS_HEADER = 16


def _unsnap(data: bytes) -> bytes:
    """One block, or as xerial's library writes it: a header, then blocks with their lengths."""
    if not data.startswith(_BLOCKS):
        return _unsnap_block(data, 0)
    out, at = bytearray(), _BLOCKS_HEADER
    while at < len(data):
        size = struct.unpack_from(">i", data, at)[0]
        if not 0 < size <= len(data) - at - 4:
            raise BadBatchError(f"has a block of {size} bytes of snappy, which are not there")
        out += _unsnap_block(data[at + 4 : at + 4 + size], len(out))
        at += 4 + size
    return bytes(out)


def _unsnap_block(block: bytes, before: int) -> bytes:
    if before + cramjam.snappy.decompress_raw_len(block) > MAX_UNPACKED:
        raise BadBatchError(f"has more than {MAX_UNPACKED >> 20} MiB once it is unpacked")
    return bytes(cramjam.snappy.decompress_raw(block))


_UNPACK: Mapping[int, tuple[str, Callable[[bytes], bytes]]] = {
    1: ("gzip", _gunzip),
    2: ("snappy", _unsnap),
    3: ("lz4", _into(cramjam.lz4.decompress_into)),
    4: ("zstd", _into(cramjam.zstd.decompress_into)),
}


def _check_old(raw: Raw) -> None:
    """Whether a batch of the formats before Kafka 0.11 can be read."""
    try:
        (batch,) = _batches(raw.data)
        if not batch.validate_crc():
            raise BadBatchError("has a wrong checksum")
        offsets = [record.offset for record in batch]
    except BadBatchError:
        raise
    except Exception as error:
        raise BadBatchError(f"is of the old format {raw.header.magic}: {_said(error)}") from error
    if not offsets or offsets != sorted(offsets) or not raw.position <= offsets[-1] < raw.end:
        raise BadBatchError(f"is of the old format {raw.header.magic} and its offsets are wrong")


def _batches(data: bytes) -> list[Any]:
    found, records = [], MemoryRecords(data)
    while records.has_next():
        found.append(records.next_batch())
    return found


def _check(plain: bytes) -> None:
    """Whether the records can be read one by one, as a client will."""
    header = Header._make(_HEADER.unpack_from(plain))
    before, last, control = header.base - 1, header.last, header.attributes & _CONTROL
    try:
        for record in DefaultRecordBatch(plain):
            if not before < record.offset <= last:
                raise BadBatchError(f"has a record that says it has the offset {record.offset}")
            if len(record.headers) > MAX_HEADERS:
                raise BadBatchError(f"has a record of {len(record.headers)} headers")
            before = record.offset
            if control:
                ControlRecord.parse(record.key)
        if control and before < header.base:
            raise BadBatchError("is a mark of a transaction without a record")
    except BadBatchError:
        raise
    except Exception as error:
        raise BadBatchError(f"has a record that cannot be read: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Without the name and number with which an error of aiokafka begins."""
    return str(error).rpartition("Exception: ")[2]


Entry = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""Offset, time, key, value and headers of a record."""


def _mended(raw: Raw) -> bytes:
    """The batch with stand-ins for those of its records that cannot be read. Raises where it is
    the batch that cannot."""
    plain = _plain(raw)
    header = Header._make(_HEADER.unpack_from(plain))
    if header.attributes & _CONTROL:
        raise BadBatchError("is a mark of a transaction")
    entries: list[Entry] = []
    body, at, before = bytearray(plain[_HEADER.size :]), 0, -1
    for _ in range(header.records):
        size, begin = decode_varint(body, at)
        if not 0 < size <= len(body) - begin:
            raise BadBatchError("the length of a record is wrong")
        slice_ = bytes(body[at : begin + size])
        delta = _delta(body, begin)
        if not before < delta <= header.delta:
            raise BadBatchError("the offset of a record is wrong")
        entries.append(_entry(header, delta, slice_))
        before, at = delta, begin + size
    if at != len(body):
        raise BadBatchError("there is more than its records")
    return _built(header.base, header.last, entries, header)


def _delta(body: bytearray, at: int) -> int:
    """How far behind the first offset of its batch a record lies."""
    _, at = decode_varint(body, at + 1)
    return int(decode_varint(body, at)[0])


def _entry(header: Header, delta: int, slice_: bytes) -> Entry:
    """One record of a batch, or what stands in for it."""
    offset = header.base + delta
    alone = header._replace(records=1, size=_HEADER.size - _PLACE.size + len(slice_))
    plain = _HEADER.pack(*alone) + slice_
    try:
        _check(plain)
        (record,) = DefaultRecordBatch(plain)
        if record.offset != offset:
            raise BadBatchError("has a record with wrong attributes")
    except BadBatchError as error:
        at = max(0, header.last_at)
        return offset, at, None, slice_[:FIRST_BYTES], _told(offset, str(error))
    return offset, record.timestamp, record.key, record.value, record.headers


def _told(first: int, reason: str) -> list[tuple[str, bytes | None]]:
    return [(_MARK, msgspec.json.encode({"first": first, "reason": reason[:300]}))]


def _built(base: int, last: int, entries: list[Entry], header: Header | None = None) -> bytes:
    """A batch of these records. Its checksum is none: it has been checked."""
    transactional = bool(header and header.attributes & 0x10)
    producer = header.producer if header else -1
    builder = DefaultRecordBatchBuilder(2, 0, transactional, producer, -1, -1, 1 << 30)
    for offset, at, key, value, headers in entries:
        builder.append(offset - base, at, key, value, headers)
    made = bytearray(builder.build())
    struct.pack_into(">q", made, 0, base)
    struct.pack_into(">i", made, _LAST_DELTA_AT, last - base)
    return bytes(made)
