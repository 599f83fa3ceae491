"""What a fault did over time: first error, two recovery clocks, lag. From samples alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controlroom.experiments.measures import EVERY, Sample

IN_A_ROW = 3
"""Samples inside the band in a row that are a recovery."""
SLOWER = 2.0
"""Times the worst p95 of the baseline that is still inside."""
LESS = 0.5
"""Share of the least throughput of the baseline that is still inside."""


@dataclass(frozen=True, slots=True)
class Band:
    """What the baseline was: a sample inside is as good as before. None: it had no data."""

    success: float | None
    throughput: float
    p95: float | None
    lag: float | None
    missing: float | None

    def has(self, one: Sample) -> bool:
        """Whether a sample is inside. What is not known never is."""
        pairs = (
            (one.success, self.success, True),
            (one.p95, self.p95, False),
            (one.lag, self.lag, False),
            (one.missing, self.missing, False),
        )
        for value, bound, least in pairs:
            if value is None or bound is None:
                return False
            if value < bound if least else value > bound:
                return False
        return one.throughput >= self.throughput


def band_of(baseline: Sequence[Sample]) -> Band:
    """The band of the samples before a fault."""
    success = [one.success for one in baseline if one.success is not None]
    p95 = [one.p95 for one in baseline if one.p95 is not None]
    lag = [one.lag for one in baseline if one.lag is not None]
    missing = [one.missing for one in baseline if one.missing is not None]
    good = [one.throughput for one in baseline]
    # a second of work may wait at any time, with or without a fault
    work = sum(good) / len(good) if good else 0.0
    return Band(
        min(success, default=None),
        LESS * min(good, default=0.0),
        SLOWER * max(p95) if p95 else None,
        max(*lag, work) if lag else None,
        max(missing, default=None),
    )


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds, to `EVERY`. None: it did not happen, or there was no data to say so."""

    disturbed: bool | None
    """Whether anything left the band after the injection."""
    first_error: float | None
    """From the injection to the first request that failed."""
    from_injection: float | None
    from_removal: float | None
    """To the first of the samples in a row that are inside the band again."""
    lag_peak: int | None
    lag_drain: float | None
    """From the peak of the lag until it is inside the band."""

    def told(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


def clocks(
    baseline: Sequence[Sample], later: Sequence[Sample], injected: float, removed: float | None
) -> Clocks:
    """What `later` says, the samples that end after the injection. Times since the epoch."""
    after = [one for one in later if one.at > injected]
    band = band_of(baseline)
    failed = next((one.at for one in after if one.bad), None)
    outside = [place for place, one in enumerate(after) if not band.has(one)]
    back = _back(after, band, outside[0]) if outside else None
    peak, drain = _lag(after, band)
    known = bool(baseline) and bool(after) and None not in (band.success, band.lag, band.missing)
    return Clocks(
        bool(outside) if known else None,
        None if failed is None else round(max(0.0, failed - injected), 2),
        None if back is None else round(back - injected, 2),
        None if back is None or removed is None else round(max(0.0, back - removed), 2),
        peak,
        drain,
    )


def _back(after: Sequence[Sample], band: Band, first: int) -> float | None:
    """When the samples in a row began."""
    row = 0
    for one in after[first:]:
        row = row + 1 if band.has(one) else 0
        if row == IN_A_ROW:
            return one.at - (IN_A_ROW - 1) * EVERY
    return None


def _lag(after: Sequence[Sample], band: Band) -> tuple[int | None, float | None]:
    seen = [(one.lag, one.at) for one in after if one.lag is not None]
    if not seen:
        return None, None
    peak, at = max(seen, key=lambda pair: pair[0])
    if band.lag is None or peak <= band.lag:
        return peak, None
    low = next((when for lag, when in seen if when > at and lag <= band.lag), None)
    return peak, None if low is None else round(low - at, 2)
