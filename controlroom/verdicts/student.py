"""Quantiles of Student's t and of chi square, without a library that is slow to import."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist


def inside(t: float, freedom: int) -> float:
    """Probability that |T| <= t, for t >= 0 and whole degrees of freedom.

    The finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and
    26.7.4.
    """
    angle = math.atan2(t, math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= square * (step - 1) / step
        total += term
    return (angle + sine * total) * 2 / math.pi if odd else sine * total


@lru_cache(maxsize=1024)
def quantile(level: float, freedom: int) -> float:
    """The t with `inside(t, freedom) == level`; `level` is two-sided, below 1."""
    high = 1.0
    while inside(high, freedom) < level:
        high *= 2
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle, freedom) < level else (low, middle)
    return high


def chi_square(probability: float, freedom: int) -> float:
    """The quantile, within a few per cent (Wilson and Hilferty, 1931)."""
    part = 2 / (9 * freedom)
    return freedom * float((1 - part + NormalDist().inv_cdf(probability) * math.sqrt(part)) ** 3)
