"""From the records of one partition to what the stores are told of them. No input or output."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scenarios.events import EventCodec, FieldError
from scenarios.scenario import Scenario
from services.consumer.dedup_window import Changes, DedupWindow
from services.queues.batch import Record
from wire import keys
from wire.batches import Unreadable
from wire.record import Meta, cut_text, decode_rejected, read_meta

Document = dict[str, Any]


@dataclass(slots=True)
class PreparedBatch:
    """Records of one partition that go into the stores together."""

    tp: str
    expected: int
    """The committed offset that these records follow."""
    last: int
    """The committed offset when they are counted."""
    documents: list[Document] = field(default_factory=list)
    rejected: list[Document] = field(default_factory=list)
    tallies: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(kind, key without the scenario, member) -> amount."""
    totals: Counter[str] = field(default_factory=Counter)
    """What is added to the books, by the names of `wire.books.Totals`."""
    beyond: int = 0
    """Offsets that rejected documents stand for beside their own, since they cannot be read."""
    changes: Changes | None = None
    """Of the window of ids; None where no client gave one."""
    mark: str = ""
    """What is kept of the record at the committed offset, as `wire.lives.Mark` writes it."""
    lost: bool = False
    """Whether it counts its offsets as lost."""


class WindowNeededError(Exception):
    """A client gave the id of a record, and the ids before it are not known."""


class Preparer:
    """Adds the records of one scenario to prepared batches, some at a time."""

    def __init__(self, scenario: Scenario) -> None:
        self._codec = EventCodec(scenario)

    def events(
        self,
        prepared: PreparedBatch,
        records: Sequence[Record],
        now: int,
        window: DedupWindow | None = None,
    ) -> None:
        """Adds records of the events topic. `now`: when they are stored, ms since the epoch.

        `window` is brought up to the last of them. Raises WindowNeededError where there is none
        and one is needed.
        """
        for record in records:
            self._record(prepared, record, now, window)
        self._codec.trim(prepared.tallies)
        prepared.totals["counted"] = len(prepared.documents)
        dead = len(prepared.rejected) + prepared.beyond - prepared.totals["repeated"]
        prepared.totals["dead"] = dead

    def _record(
        self, prepared: PreparedBatch, record: Record, now: int, window: DedupWindow | None
    ) -> None:
        if isinstance(record, Unreadable):
            prepared.rejected.append(_unread(prepared.tp, record, now))
            prepared.beyond += record.beyond(prepared.expected)
            return
        position = keys.document_id(prepared.tp, record.offset)
        meta = read_meta(record.headers, record.timestamp, position)
        if _repeats(prepared, record, meta, now, window):
            prepared.totals["repeated"] += 1
            return
        outcomes = self._codec.decode_value(record.value or b"")
        several = len(outcomes) > 1
        if several:
            prepared.totals["extra"] += len(outcomes) - 1
        for index, outcome in enumerate(outcomes):
            document = _document(prepared.tp, record.offset, index if several else None, meta, now)
            if isinstance(outcome, dict):
                document["event"] = outcome
                prepared.documents.append(document)
                self._codec.count(document, prepared.tallies)
            else:
                prepared.rejected.append(document | _poison(record.value, outcome))

    def refused(
        self,
        prepared: PreparedBatch,
        records: Sequence[Record],
        now: int,
        window: DedupWindow | None = None,
    ) -> None:
        """Adds records of the rejected topic: kept with the reason that their producer gave."""
        for record in records:
            if isinstance(record, Unreadable):
                prepared.rejected.append(_unread(prepared.tp, record, now))
                prepared.totals["refused"] += 1
                continue
            found = decode_rejected(record.value or b"")
            position = keys.document_id(prepared.tp, record.offset)
            meta = read_meta(record.headers, record.timestamp, position)
            if not _repeats(prepared, record, meta, now, window):
                document = _document(prepared.tp, record.offset, None, meta, now)
                prepared.rejected.append(document | found._asdict())
                prepared.totals["refused"] += 1


def _repeats(
    prepared: PreparedBatch, record: Record, meta: Meta, now: int, window: DedupWindow | None
) -> bool:
    """Whether an earlier record had the same id; then this one is kept as a repetition only."""
    if not meta.once:
        return False
    if window is None:
        raise WindowNeededError
    first = window.first(meta.id, record.offset, meta.at)
    if first is None:
        return False
    repeats = {
        "repeats": first.position or keys.document_id(prepared.tp, first.offset),
        "value": cut_text(record.value or b""),
        "reason": [{"field": "", "message": "repeats an event that has the same id"}],
    }
    prepared.rejected.append(_document(prepared.tp, record.offset, None, meta, now) | repeats)
    return True


def _document(tp: str, offset: int, index: int | None, meta: Meta, now: int) -> Document:
    document: Document = {
        "_id": keys.document_id(tp, offset, index),
        "tp": tp,
        "o": offset,
        "id": meta.id,
        "origin": meta.origin,
        "at": meta.at,
        "stored": now,
    }
    if meta.once:
        document["once"] = True
    if index is not None:
        document["i"] = index
        document["id"] = f"{meta.id}.{index}"
    return document


def _unread(tp: str, record: Unreadable, now: int) -> Document:
    """What is kept of records that cannot be read: where they lie, why, and their first bytes."""
    meta = Meta(keys.document_id(tp, record.offset), "kafka", record.timestamp, False)
    reason = f"cannot be read: the batch {record.reason}"
    return _document(tp, record.offset, None, meta, now) | {
        "first": record.first,
        "value": record.value.hex(" ", 4),
        "reason": [{"field": "", "message": reason}],
    }


def _poison(value: bytes | None, errors: list[FieldError]) -> Document:
    return {"value": cut_text(value or b""), "reason": [error.as_json() for error in errors]}
