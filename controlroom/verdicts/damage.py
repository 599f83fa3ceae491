"""How much harm a fault did, as seconds of full outage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import NamedTuple

LEAST_BASELINE = 5
"""Windows of the baseline."""
IN_A_ROW = 3
"""Windows inside the baseline's band that make a recovery."""
_TOLERANCE = 0.1
"""Share of the baseline that is inside its band in any case."""
_DEVIATIONS = 3 * 1.4826
"""Width of the band in median absolute deviations: three standard deviations of normal noise."""


class Window(NamedTuple):
    """What was seen for some seconds. None is not known, which is never well and never zero."""

    at: float
    """When it begins, in s since 1970 or of any clock."""
    seconds: float
    good: float | None
    """Successful requests/s."""
    p95: float | None
    """In ms; of a window without requests None."""
    lag: float | None
    """Records that wait at the end of the window."""


@dataclass(frozen=True)
class Weights:
    """For how many seconds of full outage one second of each part counts."""

    lost: float = 1.0
    slow: float = 0.5
    recovery: float = 0.1
    lag: float = 0.1

    def formula(self) -> str:
        """As it is shown beside each score."""
        parts = (f"{getattr(self, field.name):g} x {field.name}" for field in fields(self))
        return f"score = {' + '.join(parts)}, each in s"


@dataclass(frozen=True)
class Damage:
    """The score, and what it is made of; all of it in seconds unless said."""

    score: float
    """Weighted sum of `lost`, `slow`, `recovery` and `lag`: as bad as so long an outage of all."""
    lost: float
    """Area between baseline and observed good requests, over the baseline's rate."""
    lost_requests: float
    """The same area, in requests."""
    slow: float
    """Sum over windows of their seconds x (1 - baseline p95 / p95): doubled counts half."""
    worst_p95: float
    """The highest p95 as a multiple of the baseline's; 1 where none is known."""
    recovery: float
    """From the injection until the baseline's band held for some windows; 0: it was never left."""
    recovery_after_removal: float | None
    """The same from the removal; None where that is not known, or was not seen."""
    recovered: bool
    """If not, `recovery` is the whole time that was observed, and the score a lower bound."""
    lag: float
    """Highest lag above the baseline's, over the baseline's rate: how long the queue was."""
    unknown: float
    """Of windows whose good requests are not known: no part of `lost`, so the score may be low."""
    resolution: float
    """Of the longest window: nothing shorter can be seen."""


def damage(
    baseline: Sequence[Window],
    observed: Sequence[Window],
    *,
    removed: float | None = None,
    weights: Weights | None = None,
) -> Damage:
    """What the fault did that was injected when `observed` begins.

    `baseline`: at least five windows before it, at the same offered load. Its medians are what is
    compared with, and its band is three deviations (from the median absolute deviation) or a
    tenth to each side, whichever is more; of lag, one second of requests at least. `observed`:
    until well after the recovery. All areas are signed, so noise around the baseline adds up to
    nothing, and a total below 0 is 0. `removed`: when the fault was taken away, of the clock of
    the windows.

    Raises ValueError for too short a baseline or one without requests, and for no windows.
    """
    weights = weights or Weights()
    if len(baseline) < LEAST_BASELINE:
        raise ValueError(f"baseline: {len(baseline)} windows, and {LEAST_BASELINE} are needed")
    if not observed:
        raise ValueError("observed: no window; there is nothing to compare with the baseline")
    usual = _Band.of(baseline)
    begin = observed[0].at
    left = _first(observed, lambda window: not usual.holds(window))
    again = None if left is None else _recovered(observed[left:], usual)
    end = observed[-1].at + observed[-1].seconds
    recovery = 0.0 if left is None else (end if again is None else again) - begin
    lost = sum((usual.good - w.good) * w.seconds for w in observed if w.good is not None)
    slow = sum((1 - usual.p95 / w.p95) * w.seconds for w in observed if w.p95)
    peak = max((w.lag - usual.lag for w in observed if w.lag is not None), default=0.0)
    parts = {
        "lost": max(lost, 0.0) / usual.good,
        "slow": max(slow, 0.0),
        "recovery": recovery,
        "lag": max(peak, 0.0) / usual.good,
    }
    return Damage(
        score=sum(getattr(weights, name) * part for name, part in parts.items()),
        **parts,
        lost_requests=max(lost, 0.0),
        worst_p95=max((w.p95 / usual.p95 for w in observed if w.p95), default=1.0),
        recovery_after_removal=_after(observed, usual, removed),
        recovered=left is None or again is not None,
        unknown=sum(w.seconds for w in observed if w.good is None),
        resolution=max(w.seconds for w in (*baseline, *observed)),
    )


@dataclass(frozen=True)
class _Band:
    """The baseline's medians, and how far from them is still inside."""

    good: float
    p95: float
    lag: float
    least_good: float
    most_p95: float
    most_lag: float

    @staticmethod
    def of(baseline: Sequence[Window]) -> _Band:
        good, good_band = _middle([w.good for w in baseline], "good requests")
        p95, p95_band = _middle([w.p95 for w in baseline], "p95")
        if good <= 0 or p95 <= 0:
            raise ValueError("baseline: it has no good requests, so nothing could be lost")
        lags = [w.lag for w in baseline if w.lag is not None]
        lag, lag_band = _middle(lags or [0.0], "lag")
        return _Band(good, p95, lag, good - good_band, p95 + p95_band, lag + max(lag_band, good))

    def holds(self, window: Window) -> bool:
        """What is not known is not inside; lag is asked only where it is measured."""
        return (
            window.good is not None
            and window.good >= self.least_good
            and window.p95 is not None
            and window.p95 <= self.most_p95
            and (window.lag is None or window.lag <= self.most_lag)
        )


def _middle(values: Sequence[float | None], name: str) -> tuple[float, float]:
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known or len(known) < min(len(values), LEAST_BASELINE):
        raise ValueError(f"baseline: {name} are known in {len(known)} windows only")
    middle = median(known)
    deviation = median(abs(value - middle) for value in known)
    return middle, max(_DEVIATIONS * deviation, _TOLERANCE * abs(middle))


def _first(windows: Sequence[Window], wanted: Callable[[Window], bool]) -> int | None:
    return next((index for index, window in enumerate(windows) if wanted(window)), None)


def _recovered(windows: Sequence[Window], usual: _Band) -> float | None:
    """When the first of enough windows in a row begins that are inside; None: never."""
    inside = [usual.holds(window) for window in windows]
    for index in range(len(windows) - IN_A_ROW + 1):
        if all(inside[index : index + IN_A_ROW]):
            return windows[index].at
    return None


def _after(observed: Sequence[Window], usual: _Band, removed: float | None) -> float | None:
    if removed is None:
        return None
    later = [window for window in observed if window.at + window.seconds > removed]
    at = _recovered(later, usual)
    return None if at is None else max(at - removed, 0.0)
