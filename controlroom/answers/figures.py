"""Figures out of blocks: middles with intervals, who leads, curves of an arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from controlroom.answers.evidence import Evidence
from controlroom.verdicts.interval import line
from controlroom.verdicts.student import quantile

LEVEL = 0.95


class Middle(NamedTuple):
    """The mean of blocks on a scale of ratios (geometric), as verdicts have it; of values that may
    be 0 the plain one. The interval holds it in 95 % of experiments (Student's t)."""

    value: float
    low: float | None
    high: float | None
    """None where there is one block only."""
    blocks: int


def middle(values: Sequence[float]) -> Middle | None:
    """None where there is no value."""
    if not values:
        return None
    if len(values) < 2:
        return Middle(values[0], None, None, 1)
    ratios = min(values) > 0
    flat = line([math.log(one) for one in values] if ratios else values, [0.0] * len(values))
    half = quantile(LEVEL, flat.freedom) * flat.error
    low, centre, high = flat.centre - half, flat.centre, flat.centre + half
    if ratios:
        # two blocks that are far apart have an interval without end
        return Middle(math.exp(centre), math.exp(low), math.exp(min(high, 700)), len(values))
    return Middle(centre, max(0.0, low), high, len(values))


def number(value: float | None) -> str:
    """Three digits that count, and no more; `?` for what is not known."""
    if value is None or not math.isfinite(value):
        return "?"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def told(found: Middle | None, unit: str = "", scale: float = 1.0) -> str:
    """`12.3 ms [11.8, 12.9]`; `?` for what is not known."""
    if found is None:
        return "?"
    unit = f" {unit}" if unit else ""
    said = f"{number(found.value * scale)}{unit}"
    if found.low is None or found.high is None:
        return f"{said} [1]"
    high = found.high * scale
    if unit == " %":
        high = min(high, 100.0)
    return f"{said} [{number(found.low * scale)}, {number(high)}]"


def ordered(evidence: Evidence, measure: str, more: bool = False) -> list[str]:
    """The arms by the middle of a measure, best first; those without data are left out."""
    seen = {arm: middle(evidence.values(arm, measure)) for arm in evidence.arms}
    known = {arm: found.value for arm, found in seen.items() if found is not None}
    return sorted(known, key=lambda arm: -known[arm] if more else known[arm])


def leader(evidence: Evidence, measure: str) -> tuple[str, list[str]]:
    """(The arm that is told to be better than each other one, or empty; the arms that none is
    told to be better than, where there is a verdict about the measure at all)."""
    verdicts = evidence.comparisons(measure)
    beats: dict[str, set[str]] = {arm: set() for arm in evidence.arms}
    for one in verdicts:
        if one["kind"] == "faster":
            up = (one["ratio"] > 1) == (one["better"] == "more")
            won, lost = (one["first"], one["second"]) if up else (one["second"], one["first"])
            beats[won].add(lost)
    if not verdicts:
        return "", []
    beaten = set().union(*beats.values())
    open_ones = [arm for arm in evidence.arms if arm not in beaten]
    best = [arm for arm, others in beats.items() if len(others) == len(evidence.arms) - 1]
    return (best[0] if best else ""), open_ones


def curves(
    evidence: Evidence, measure: str, scale: float = 1.0
) -> dict[str, list[tuple[float, float | None]]]:
    """Arm -> the middle of its blocks at each second; 0 is the begin of the phase compared."""
    found: dict[str, dict[int, list[float]]] = {arm: {} for arm in evidence.arms}
    starts: dict[int, float] = {}
    for one in evidence.samples:
        if one["phase"] == evidence.phase:
            starts.setdefault(one["block"], one["at"])
    for one in evidence.samples:
        value = _value(one, measure)
        start = starts.get(one["block"])
        if value is None or start is None or one["phase"] == "warm_up":
            continue
        at = round(one["at"] - start)
        found.get(one["arm"], {}).setdefault(at, []).append(value * scale)
    return {
        arm: [(float(at), median(values)) for at, values in sorted(points.items())]
        for arm, points in found.items()
        if points
    }


def _value(sample: Any, measure: str) -> float | None:
    if measure == "success":
        done = sample["good"] + sample["bad"]
        return sample["good"] / done if done else None
    if measure == "throughput":
        return float(sample["good"])
    found: float | None = sample.get(measure)
    return found
