"""What was refused, and why: counts by reason, with examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that is kept with its reason. Times are seconds since the epoch."""

    reason: str
    """`field: message` of its errors; of a repetition that it is one."""
    value: str
    """The record as text, at most 4 KiB."""
    origin: str
    produced: float
    stored: float
    place: str
    """`<topic id>:<partition>#<offset>`."""
    repeats: str = ""
    """Place of the record whose id it repeats."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with how often it was given among those that were looked at."""

    reason: str
    count: int
    newest: Rejection
    repetition: bool


@dataclass(frozen=True, slots=True)
class Rejections:
    """The newest rejected records, those that repeat others aside."""

    rows: tuple[Rejection, ...]
    """Newest first."""
    total: int
    """All that were ever refused or dead."""
    repeated: int
    """All that were ever repeated."""

    def reasons(self) -> list[Reason]:
        """The most frequent first; repetitions are one reason."""
        found: dict[str, list[Rejection]] = {}
        for row in self.rows:
            found.setdefault(row.reason, []).append(row)
        reasons = [
            Reason(why, len(own), own[0], bool(own[0].repeats)) for why, own in found.items()
        ]
        return sorted(reasons, key=lambda reason: -reason.count)

    def of(self, reason: str) -> list[Rejection]:
        """Those of one reason, newest first."""
        return [row for row in self.rows if row.reason == reason]


def rejection(document: Mapping[str, Any]) -> Rejection:
    """As the document store has it."""
    return Rejection(
        _reason(document.get("reason") or ()),
        str(document.get("value", "")),
        str(document.get("origin", "")),
        document.get("at", 0) / 1000,
        document.get("stored", 0) / 1000,
        str(document["_id"]),
        str(document.get("repeats", "")),
    )


def _reason(errors: Iterable[Mapping[str, Any]]) -> str:
    told = [
        f"{each.get('field')}: {each.get('message')}" if each.get("field") else each.get("message")
        for each in errors
    ]
    return "; ".join(str(one) for one in told) or "no reason is kept"
