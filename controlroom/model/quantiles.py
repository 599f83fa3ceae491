"""Which third of the countries each one belongs to, by its count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Third = Literal["high", "middle", "low", "none"]


@dataclass(frozen=True)
class Quantiles:
    """Countries with a count in thirds by their number; equal counts are in the same."""

    thirds: Mapping[str, Third] = field(default_factory=dict)
    """Country -> third, of those that have a count."""
    middle: int = 0
    """Least count of the middle third."""
    high: int = 0
    """Least count of the highest third."""


def quantiles(counts: Mapping[str, int]) -> Quantiles:
    """The thirds of those that have a count."""
    ranked = sorted(count for count in counts.values() if count > 0)
    if not ranked:
        return Quantiles()
    middle, high = ranked[len(ranked) // 3], ranked[len(ranked) * 2 // 3]

    def third(count: int) -> Third:
        return "high" if count >= high else "middle" if count >= middle else "low"

    thirds = {name: third(count) for name, count in counts.items() if count > 0}
    return Quantiles(thirds, middle, high)
