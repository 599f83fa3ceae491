"""The interval of an estimate: a symmetric wild bootstrap-t over rounds."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from controlroom.verdicts.student import quantile

RESAMPLES = 999
BEYOND = 25
"""Resamples that lie beyond the interval at least: below that its ends are themselves chance."""
_WEIGHTS = tuple(sign * math.sqrt(part / 2) for part in (1, 2, 3) for sign in (-1, 1))
_DUST = 1e-12
"""A share that is floating point's own."""


@dataclass(frozen=True)
class Line:
    """A straight line through points; its height at x = 0 is the estimate."""

    centre: float
    error: float
    """Standard error of `centre`."""
    slope: float
    slope_error: float
    freedom: int
    """Points less what was estimated."""
    spread: float
    """Standard deviation of the points around the line."""
    residuals: tuple[float, ...]
    offsets: tuple[float, ...]
    """The x of each point, less their mean."""
    mean_x: float

    def slope_is_there(self, level: float) -> bool:
        """Whether the slope is told apart from none."""
        if self.freedom < 1 or not self.slope:
            return False
        return abs(self.slope) > quantile(level, self.freedom) * self.slope_error


def line(ys: Sequence[float], xs: Sequence[float]) -> Line:
    """The line of least squares; a flat one where all xs are the same.

    Raises ValueError for fewer points than a standard error needs: two of a flat one, else three.
    """
    count = len(ys)
    mean_x, mean_y = math.fsum(xs) / count, math.fsum(ys) / count
    offsets = tuple(x - mean_x for x in xs)
    across = math.fsum(x * x for x in offsets)
    slope = math.fsum(map(mul, offsets, ys)) / across if across else 0.0
    freedom = count - (2 if across else 1)
    if freedom < 1:
        raise ValueError(f"{count} values are too few for an interval")
    residuals = tuple(y - mean_y - slope * x for y, x in zip(ys, offsets, strict=True))
    spread = math.sqrt(math.fsum(r * r for r in residuals) / freedom)
    slope_error = spread / math.sqrt(across) if across else 0.0
    error = spread * _reach(count, mean_x, across)
    centre = mean_y - slope * mean_x
    return Line(centre, error, slope, slope_error, freedom, spread, residuals, offsets, mean_x)


def _reach(count: int, mean_x: float, across: float) -> float:
    """Standard error of the centre, as a share of the spread."""
    return math.sqrt(1 / count + (mean_x * mean_x / across if across else 0.0))


def critical(found: Line, level: float, seed: int) -> float:
    """How many standard errors the interval reaches to each side: the quantile of |t|.

    Each resample keeps every round at its place and multiplies its residual by a random weight
    (wild bootstrap), so what some rounds have more of, as in a burst, stays with them. Why this:
    with 6 to 40 rounds the percentile and BCa intervals are too narrow (docs/truth.md has all in
    one table), as Hesterberg says (What Teachers Should Know About the Bootstrap, 2015). That of
    |t| is right to a higher order (Hall, On symmetric bootstrap confidence intervals, 1988). The
    six weights are Webb's (Reworking wild bootstrap based inference for clustered errors, 2014),
    since +1 and -1 make only 32 different resamples of 6 rounds. The residuals are first scaled by
    their leverage, as in Davidson and Flachaire (The wild bootstrap, tamed at last, 2008).
    Student's t is the check: it is as often right in that table, and no narrower.
    """
    if not found.error:
        return 0.0
    count, offsets, mean_x = len(found.residuals), found.offsets, found.mean_x
    across = math.fsum(x * x for x in offsets)
    reach = _reach(count, mean_x, across) / math.sqrt(found.freedom)
    scaled = _scaled(found.residuals, offsets, across)
    dust = _DUST * math.fsum(map(mul, scaled, scaled))
    resamples = max(RESAMPLES, math.ceil(BEYOND / (1 - level)) - 1)
    weights = random.Random(seed).choices(_WEIGHTS, k=count * resamples)
    ts: list[float] = []
    for begin in range(0, count * resamples, count):
        part = list(map(mul, scaled, weights[begin : begin + count]))
        mean = sum(part) / count
        slope = sum(map(mul, offsets, part)) / across if across else 0.0
        left = sum(map(mul, part, part)) - count * mean * mean - slope * slope * across
        t = abs(mean - slope * mean_x) / (math.sqrt(left) * reach) if left > dust else math.inf
        ts.append(t)
    ts.sort()
    return ts[min(math.ceil(level * (resamples + 1)), resamples) - 1]


def _scaled(
    residuals: Sequence[float], offsets: Sequence[float], across: float
) -> tuple[float, ...]:
    """Residuals, each as large as it would be had the line not been drawn towards it."""
    count = len(residuals)
    pulls = (1 / count + (x * x / across if across else 0.0) for x in offsets)
    return tuple(
        residual / math.sqrt(1 - pull) if pull < 1 - _DUST else 0.0
        for residual, pull in zip(residuals, pulls, strict=True)
    )
