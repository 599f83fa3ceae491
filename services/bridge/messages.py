"""Between batches and what goes over the bridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.pb import bridge_pb2 as pb
from services.queues.batch import Batch, Record, offsets_of
from wire.batches import Unreadable
from wire.lives import Life, Mark, Part, Stand
from wire.record import MAX_NAMED, ours

SERVICE = "controlroom.bridge.v1.Bridge"
METHODS = ("Committed", "Stands", "Open", "Apply", "Acknowledge")

MAX_VALUE = 4 << 20
"""Bytes of a record's value that cross; a longer one arrives cut, so it is kept as rejected."""
MAX_MESSAGE = 2 * MAX_VALUE
_OVERHEAD = 64


class RemoteRecord(NamedTuple):
    """A record as it came over the bridge."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records of a batch, in one call."""

    message: pb.Batch
    after: int
    """Records of the batch that are sent once this piece is."""

    @property
    def whole(self) -> bool:
        """Whether the value of every record is there."""
        return all(len(record.value) < MAX_VALUE for record in self.message.records)


def piece_of(scenario: str, batch: Batch, start: int, size: int) -> Piece:
    """The records of a batch from `start` on, as many as `size` bytes hold and at least one."""
    records: list[pb.Record] = []
    filled = 0
    for record in batch.records[start:]:
        made = _record(record)
        filled += made.ByteSize() + _OVERHEAD
        if records and filled > size:
            break
        records.append(made)
    after = start + len(records)
    expected = batch.records[start - 1].offset if start else batch.expected
    last = batch.last if after >= len(batch.records) else records[-1].offset
    message = pb.Batch(
        scenario=scenario,
        topic=batch.topic,
        topic_id=batch.topic_id,
        partition=batch.partition,
        expected=expected,
        last=last,
        records=records,
        gaps=_gaps(
            batch, start, last - expected - offsets_of(batch.records[start:after], expected)
        ),
        end=batch.end,
        epoch=None if batch.epoch < 0 else batch.epoch,
    )
    return Piece(message, after)


def _gaps(batch: Batch, start: int, missing: int) -> int:
    """Gaps of a piece. Offsets that the broker dropped all lie before the first record."""
    if not batch.gaps:
        return 0
    held = offsets_of(batch.records, batch.expected)
    dropped = batch.last - batch.expected - held - batch.gaps
    return missing if start else missing - dropped


def _record(record: Record) -> pb.Record:
    value = record.value if record.value is None else record.value[:MAX_VALUE]
    headers = [pb.Header(name=name, value=value) for name, value in ours(record.headers)]
    unreadable = None
    if isinstance(record, Unreadable):
        unreadable = pb.Unreadable(first=record.first, reason=record.reason)
    return pb.Record(
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key if record.key is None else record.key[:MAX_NAMED],
        value=value,
        headers=headers,
        unreadable=unreadable,
    )


def message_of_stand(stand: Stand) -> pb.Stand:
    """A stand for the other side."""
    life = stand.life
    return pb.Stand(
        part=pb.Part(**life.part._asdict()),
        life=life.number,
        base=life.base,
        committed=stand.committed,
        mark=stand.mark.text,
    )


def stand_of_message(message: pb.Stand) -> Stand:
    """A stand from the other side."""
    life = Life(*part_of_message(message.part), message.life, message.base)
    return Stand(life, message.committed, Mark.of(message.mark))


def part_of_message(message: pb.Part) -> Part:
    """A partition from the other side."""
    return Part(message.topic, message.topic_id, message.partition)


def batch_of_message(message: pb.Batch) -> Batch:
    """The batch that a piece is for the remote side."""
    return Batch(
        message.topic,
        message.topic_id,
        message.partition,
        message.expected,
        message.last,
        [_received(record) for record in message.records],
        message.gaps,
        message.end,
        message.epoch if message.HasField("epoch") else -1,
    )


def _received(record: pb.Record) -> RemoteRecord | Unreadable:
    if record.HasField("unreadable"):
        told = record.unreadable
        return Unreadable(record.offset, told.first, record.timestamp, record.value, told.reason)
    return RemoteRecord(
        record.offset,
        record.timestamp,
        record.key if record.HasField("key") else None,
        record.value if record.HasField("value") else None,
        [(header.name, header.value) for header in record.headers],
    )
