"""Kafka's log on disk, as a power cut leaves it: shorter than it was."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEADER = struct.Struct(">qi4xbi2xi")
"""Of a batch of format 2: first offset, bytes that follow, magic, checksum, last offset delta."""
_LENGTH = 12
"""Bytes of a batch that its own length does not count."""
_CHECKED = "recovery-point-offset-checkpoint"
_CLEAN = ".kafka_cleanshutdown"


@dataclass(frozen=True, slots=True)
class Cut:
    """What was taken from the end of one partition's log."""

    partition: int
    before: int
    """Its end before."""
    end: int
    """Its end now."""
    records: tuple[Any, ...]
    """What was taken, and what lies before it from the offset `since` on, as aiokafka reads it."""


def cut(data: Path, topic: str, partition: int, wanted: int, since: int = 0) -> Cut:
    """Takes from the newest segment every batch that reaches beyond the offset `wanted`.

    `data`: the broker's folder; the broker must not run. What it has noted of the log goes, so
    that it looks for itself, as it does after any death.
    """
    folder = data / f"{topic}-{partition}"
    segment = max(folder.glob("*.log"))
    raw = segment.read_bytes()
    place, end, before = _boundary(raw, int(segment.stem), wanted)
    records = tuple(r for r in _records(raw) if r.offset >= min(since, end))
    with segment.open("r+b") as file:
        file.truncate(place)
    for pattern in (f"{segment.stem}.*index", "*.snapshot"):
        for file_ in folder.glob(pattern):
            file_.unlink()
    for name in (_CHECKED, _CLEAN):
        (data / name).unlink(missing_ok=True)
    return Cut(partition, before, end, records)


def topic_id(data: Path, topic: str) -> str:
    """Kafka's id of a topic, as the folder of its first partition keeps it."""
    text = (data / f"{topic}-0" / "partition.metadata").read_text()
    named = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    return named["topic_id"]


def read_end(data: Path, topic: str, partition: int) -> int:
    """Where the log of a partition ends; the broker must not run."""
    segment = max((data / f"{topic}-{partition}").glob("*.log"))
    return _boundary(segment.read_bytes(), int(segment.stem), 0)[2]


def _boundary(raw: bytes, first: int, wanted: int) -> tuple[int, int, int]:
    """Place and end offset of the batches up to `wanted`, and the end of all."""
    place, kept, end = 0, (0, first), first
    while place + _HEADER.size <= len(raw):
        base, length, magic, _, delta = _HEADER.unpack_from(raw, place)
        if magic != 2 or place + _LENGTH + length > len(raw):
            break
        place, end = place + _LENGTH + length, base + delta + 1
        if end <= wanted:
            kept = (place, end)
    return *kept, end


def _records(raw: bytes) -> tuple[Any, ...]:
    """The records of whole batches."""
    from aiokafka.record import MemoryRecords

    found: list[Any] = []
    batches = MemoryRecords(raw)
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.is_control_batch:
            found.extend(batch)
    return tuple(found)
