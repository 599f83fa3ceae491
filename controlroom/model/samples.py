"""Samples: what a feed says to the board, with when, over which window and from which source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement. `at` in seconds since the epoch."""

    source: str
    at: float
    value: object
    """What the panel of that source shows; of the log, a LogBatch."""
    window: float | None = None
    """Seconds that a rate or percentile covers."""


@dataclass(frozen=True, slots=True)
class NoData:
    """The source answered and had nothing to say, such as a window without traffic."""

    source: str
    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The source did not answer. The last good value stays and is marked."""

    source: str
    at: float
    error: str
    fix: str
    retry_at: float | None = None
    denied: bool = False


Report = Sample | NoData | Failed
