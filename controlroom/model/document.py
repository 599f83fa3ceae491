"""One stored document in full, and its way through the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The record that a document was made of. `at` in seconds since the epoch."""

    at: float
    kind: str
    """`create`: the producer's time; `append`: the broker's."""
    size: int
    """Bytes of its value."""
    headers: tuple[tuple[str, str], ...]
    key: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A document with its record, or with why that cannot be shown."""

    document: Mapping[str, Any]
    record: StoredRecord | str

    @property
    def waited(self) -> float:
        """Seconds from produced to stored."""
        return float(self.document["stored"] - self.document["at"]) / 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One station of the way. `at` in seconds since the epoch; None where nobody keeps it."""

    name: str
    at: float | None
    said: str


def way(told: Stored) -> list[Step]:
    """Where the document has been, in order."""
    document, record = told.document, told.record
    place = f"partition {str(document['tp']).rpartition(':')[2]}, offset {document['o']:,}"
    accepted = Step("accepted", document["at"] / 1000, f"by the {document['origin']} door")
    queued = Step("queued", None, f"{place}; when is not kept in the document")
    if isinstance(record, StoredRecord):
        whose = "by the broker's clock" if record.kind == "append" else "as its producer stamped it"
        queued = Step("on Kafka", record.at, f"{place}, {record.size:,} bytes, {whose}")
    handed = Step("handed over", None, "within the same batch as stored; when is not kept")
    return [accepted, queued, handed, Step("stored", document["stored"] / 1000, "")]
