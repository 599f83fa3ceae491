"""Lines of the log tail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogLine:
    """One stored document. `text` holds no control characters and no markup is read from it."""

    partition: int
    offset: int
    produced: float
    stored: float
    """Seconds since the epoch."""
    text: str
    member: str = ""
    """What of its first tally the document counts for."""


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Documents that came since the batch before, in the store's order per partition."""

    lines: tuple[LogLine, ...]
    skipped: int
    """Documents that came too, but were not fetched because the tail shows the newest."""
    total: int
    """Documents in the store."""


@dataclass(frozen=True, slots=True)
class LogView:
    """The ring of the tail. `first` counts lines since the room opened, so that a pane that
    scrolled back keeps its place while new lines come."""

    lines: tuple[LogLine, ...]
    first: int
    skipped: int
    """Not fetched since the room opened."""
    skipped_now: int
    """Not fetched in the last second."""
    total: int
