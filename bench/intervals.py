"""Other intervals of a mean, beside which the product's own is set by `bench.truth`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist

from controlroom.verdicts.interval import RESAMPLES, Line, critical, line
from controlroom.verdicts.student import quantile

Interval = tuple[float, float]


def student(values: Sequence[float], places: Sequence[float], level: float, _: int) -> Interval:
    """Student's t with the same line through the places."""
    found = line(values, places)
    return _around(found, quantile(level, found.freedom))


def own(values: Sequence[float], places: Sequence[float], level: float, seed: int) -> Interval:
    """The product's: |t| of a wild bootstrap."""
    found = line(values, places)
    return _around(found, critical(found, level, seed))


def _around(found: Line, reach: float) -> Interval:
    return found.centre - reach * found.error, found.centre + reach * found.error


def percentile(values: Sequence[float], _: Sequence[float], level: float, seed: int) -> Interval:
    """Quantiles of the resampled means."""
    means = _means(values, seed)
    return _at(means, (1 - level) / 2), _at(means, (1 + level) / 2)


def bca(values: Sequence[float], _: Sequence[float], level: float, seed: int) -> Interval:
    """Bias-corrected and accelerated (Efron, 1987)."""
    means, normal = _means(values, seed), NormalDist()
    mean = math.fsum(values) / len(values)
    below = (sum(one < mean for one in means) + 0.5) / (len(means) + 1)
    bias = normal.inv_cdf(below)
    squares = math.fsum((value - mean) ** 2 for value in values)
    cubes = math.fsum((value - mean) ** 3 for value in values)
    speed = cubes / (6 * squares**1.5) if squares else 0.0

    def end(probability: float) -> float:
        shifted = bias + normal.inv_cdf(probability)
        return _at(means, normal.cdf(bias + shifted / (1 - speed * shifted)))

    return end((1 - level) / 2), end((1 + level) / 2)


def bootstrap_t(values: Sequence[float], _: Sequence[float], level: float, seed: int) -> Interval:
    """Each end by its own quantile of t in resamples (Efron and Tibshirani, 1993, chapter 12)."""
    flat = line(values, [0.0] * len(values))
    chance, count = random.Random(seed), len(values)
    drawn = chance.choices(flat.residuals, k=count * RESAMPLES)
    found = list[float]()
    for begin in range(0, len(drawn), count):
        part = drawn[begin : begin + count]
        mean = sum(part) / count
        left = sum(one * one for one in part) - count * mean * mean
        error = math.sqrt(left / (count - 1) / count) if left > 1e-15 else 0.0
        found.append(mean / error if error else math.copysign(math.inf, mean))
    found.sort()
    low, high = _at(found, (1 + level) / 2), _at(found, (1 - level) / 2)
    return flat.centre - low * flat.error, flat.centre - high * flat.error


def _means(values: Sequence[float], seed: int) -> list[float]:
    count = len(values)
    drawn = random.Random(seed).choices(values, k=count * RESAMPLES)
    return sorted(sum(drawn[at : at + count]) / count for at in range(0, len(drawn), count))


def _at(ranked: Sequence[float], probability: float) -> float:
    index = math.ceil(probability * (len(ranked) + 1)) - 1
    return ranked[min(max(index, 0), len(ranked) - 1)]


METHODS: dict[str, Callable[[Sequence[float], Sequence[float], float, int], Interval]] = {
    "percentile": percentile,
    "BCa": bca,
    "bootstrap-t": bootstrap_t,
    "Student": student,
    "wild bootstrap-t (ours)": own,
}
