"""Which fault does most harm, as far as it can be told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controlroom.verdicts.interval import line
from controlroom.verdicts.student import quantile


@dataclass(frozen=True)
class Place:
    """A fault among others."""

    name: str
    place: int
    """From 1, by `score`; `best` to `worst` is what can be told."""
    best: int
    worst: int
    score: float
    """Mean of the repetitions."""
    low: float
    high: float
    """Interval of the mean; infinite where there is one repetition only."""
    repetitions: int
    not_told_from: tuple[str, ...]
    """The faults whose intervals overlap with this one."""

    def sentence(self) -> str:
        """`2. pod-kill: 14 s (11 to 17); cannot tell from dns-error`."""
        span = f"{self.low:.3g} to {self.high:.3g}" if self.repetitions > 1 else "one repetition"
        said = f"{self.place}. {self.name}: {self.score:.3g} s ({span})"
        if not self.not_told_from:
            return said
        return f"{said}; cannot tell from {', '.join(self.not_told_from)}"


def rank(scores: Mapping[str, Sequence[float]], *, level: float = 0.95) -> list[Place]:
    """The faults, most harmful first, from the scores of their repetitions.

    All intervals hold at once with probability `level` (Bonferroni), so of two that do not overlap
    it is known which is worse. They are Student's: repetitions of a fault are three to five, of
    which a bootstrap knows too little. Raises ValueError, which names the fault, for one without
    scores, or a score that is no number from 0 on.
    """
    for name, values in scores.items():
        if not values:
            raise ValueError(f"fault {name!r} has no score; leave it out or repeat it")
        if not all(value >= 0 and math.isfinite(value) for value in values):
            raise ValueError(f"fault {name!r}: scores are numbers from 0 on, not {list(values)}")
    if not scores:
        return []
    each = 1 - (1 - level) / len(scores)
    found = {name: _interval(values, each) for name, values in scores.items()}
    ranked = sorted(found, key=lambda name: (-found[name][0], name))
    return [_place(name, ranked, found, len(scores[name])) for name in ranked]


def _interval(values: Sequence[float], level: float) -> tuple[float, float, float]:
    """(Mean, low, high)."""
    if len(values) < 2:
        return values[0], 0.0, math.inf
    flat = line(values, [0.0] * len(values))
    half = quantile(level, flat.freedom) * flat.error
    return flat.centre, max(flat.centre - half, 0.0), flat.centre + half


def _place(
    name: str,
    ranked: Sequence[str],
    found: Mapping[str, tuple[float, float, float]],
    repetitions: int,
) -> Place:
    score, low, high = found[name]
    worse = [other for other in ranked if found[other][1] > high]
    milder = [other for other in ranked if found[other][2] < low]
    return Place(
        name=name,
        place=ranked.index(name) + 1,
        best=len(worse) + 1,
        worst=len(ranked) - len(milder),
        score=score,
        low=low,
        high=high,
        repetitions=repetitions,
        not_told_from=tuple(other for other in ranked if other not in (name, *worse, *milder)),
    )
