"""What is looked for among stored events, or records of Kafka, and how far that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlroom.model.log import LogLine
from controlroom.model.needle import Needle

MOST = 1_000
"""Hits after which a search ends where nobody says another number."""


DOCUMENTS, KAFKA = PLACES = ("documents", "kafka")
"""Where is looked: in what is stored, or in the records of the scenario's topics."""


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record of Kafka. `text` holds no control characters and no markup is read from it."""

    topic: str
    partition: int
    offset: int
    at: float
    """When it was produced, seconds since the epoch, as the record says."""
    text: str
    """As the log shows its event; of a record that is none, why it is none."""
    rejected: bool
    origin: str
    key: str
    headers: tuple[tuple[str, str], ...]
    value: str
    """As text; at most LONGEST_VALUE characters."""

    @property
    def stored(self) -> float:
        """The time by which hits are in order."""
        return self.at


Hit = LogLine | RecordLine
LONGEST_VALUE = 64 << 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are meant. Times are seconds since the epoch: of storing, in Kafka of
    producing."""

    needle: Needle = field(default_factory=lambda: Needle(""))
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field, or derived value, or `origin` -> what it has to be."""
    since: float | None = None
    until: float | None = None
    most: int = MOST
    partition: int | None = None
    """The only one that is looked through; None for all."""


@dataclass(frozen=True, slots=True)
class Found:
    """How far a search is."""

    lines: tuple[Hit, ...]
    """The hits of this step, newest first."""
    hits: int
    """So far."""
    looked: int
    """Offsets that were looked through."""
    total: int
    """Offsets that lie in the time that is meant."""
    full: bool = False
    """Whether it ends here because enough was found: there may be more."""
    noun: str = "events"
    unread: tuple[str, ...] = ()
    """What could not be read in this step: the place, and why."""

    @property
    def said(self) -> str:
        """In a few words."""
        share = f" ({self.looked / self.total:.0%})" if self.total else ""
        looked = f"{self.looked:,} of {self.total:,} {self.noun}{share}"
        if self.full:
            return f"the newest {self.hits:,} hits, found in {looked}; there may be more"
        return f"{self.hits:,} hits in {looked}"


def moment(words: str, now: float, seconds: float | None) -> float:
    """Seconds since the epoch of `10m` (so long ago; `seconds` of it where it is a duration), of
    `14:05`, `14:05:30` (today) or `2026-11-28T14:05`. Raises ValueError."""
    from datetime import datetime

    if seconds is not None:
        return now - seconds
    today = datetime.fromtimestamp(now)
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            at = datetime.strptime(words, form)
        except ValueError:
            continue
        return today.replace(
            hour=at.hour, minute=at.minute, second=at.second, microsecond=0
        ).timestamp()
    try:
        return datetime.fromisoformat(words).timestamp()
    except ValueError:
        raise ValueError(f"{words} is no time: write 10m, 14:05 or 2026-11-28T14:05") from None
