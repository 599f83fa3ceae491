"""From the records of one partition to what the stores are told of them. No input or output."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scenarios.events import EventCodec, FieldError
from scenarios.scenario import Scenario
from services.consumer.batch import Record
from wire import keys
from wire.record import Meta, cut_text, decode_rejected, read_meta

Document = dict[str, Any]


@dataclass(slots=True)
class Portion:
    """Records of one partition that go into the stores together."""

    tp: str
    believed: int
    """The fence that these records follow."""
    last: int
    """The fence when they are counted."""
    documents: list[Document] = field(default_factory=list)
    rejected: list[Document] = field(default_factory=list)
    tallies: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(kind, key without the scenario, member) -> amount."""
    totals: Counter[str] = field(default_factory=Counter)
    """What is added to the books, by the names of `wire.books.Totals`."""


class Preparer:
    """Makes portions of the records of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._codec = EventCodec(scenario)

    def events(self, tp: str, believed: int, records: Sequence[Record], now: int) -> Portion:
        """Records of the events topic. `now`: when they are stored, ms since the epoch."""
        portion = Portion(tp, believed, records[-1].offset)
        for record in records:
            self._record(portion, record, now)
        portion.totals["counted"] = len(portion.documents)
        portion.totals["dead"] = len(portion.rejected)
        return portion

    def _record(self, portion: Portion, record: Record, now: int) -> None:
        outcomes = self._codec.decode_value(record.value or b"")
        place = keys.document_id(portion.tp, record.offset)
        meta = read_meta(record.headers, record.timestamp, place)
        several = len(outcomes) > 1
        if several:
            portion.totals["extra"] += len(outcomes) - 1
        for index, outcome in enumerate(outcomes):
            document = _document(portion.tp, record.offset, index if several else None, meta, now)
            if isinstance(outcome, dict):
                document["event"] = outcome
                portion.documents.append(document)
                for kind, key, member, amount in self._codec.tally_writes(outcome):
                    portion.tallies[kind, key, member] += amount
            else:
                portion.rejected.append(document | _poison(record.value, outcome))

    def refused(self, tp: str, believed: int, records: Sequence[Record], now: int) -> Portion:
        """Records of the rejected topic: kept with the reason that their producer gave."""
        portion = Portion(tp, believed, records[-1].offset)
        for record in records:
            found = decode_rejected(record.value or b"")
            place = keys.document_id(tp, record.offset)
            meta = read_meta(record.headers, record.timestamp, place)
            portion.rejected.append(_document(tp, record.offset, None, meta, now) | found._asdict())
        portion.totals["refused"] = len(portion.rejected)
        return portion


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
    if index is not None:
        document["i"] = index
        document["id"] = f"{meta.id}.{index}"
    return document


def _poison(value: bytes | None, errors: list[FieldError]) -> Document:
    return {"value": cut_text(value or b""), "reason": [error.as_json() for error in errors]}
