"""The error budget of what comes in, from the curves of rate and success.

The formulas are those of google/slo-generator (`report.py`): with SLI the share of requests that
were answered with success, `eb_target = 1 - SLO`, `eb_value = 1 - SLI`,
`burn rate = eb_value / eb_target`, `consumed = eb_value / eb_target` over the whole window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 1800.0
"""Seconds that the budget is of."""
BURN_WINDOWS = (300.0, 60.0)
"""Seconds over which both the budget must burn too fast, as in the alerts of the SRE workbook: the
long one says that it matters, the short one that it still goes on."""

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what may fail has failed."""

    slo: float
    sli: float
    """Share of requests that were answered with success."""
    burn: float
    """How many times faster than it lasts the budget goes now; 1 spends it just in time."""
    seconds: float = WINDOW
    """What it is of."""

    @property
    def left(self) -> float:
        """Share of the budget that is left; below 0 more failed than may."""
        return 1 - (1 - self.sli) / (1 - self.slo)


def budget_of(rps: Points, success: Points, slo: float, now: float) -> Budget | None:
    """None while nothing came in. Both curves have their points at the same seconds."""
    sli = _share(rps, success, now - WINDOW)
    if sli is None:
        return None
    rates = [_share(rps, success, now - seconds) for seconds in BURN_WINDOWS]
    burn = min((1 - (1.0 if rate is None else rate)) / (1 - slo) for rate in rates)
    return Budget(slo, sli, burn)


def _share(rps: Points, success: Points, since: float) -> float | None:
    """Success over all requests since then: each second counts by its rate."""
    good = every = 0.0
    for (at, rate), (_, share) in zip(reversed(rps), reversed(success), strict=False):
        if at < since:
            break
        if rate and share is not None:
            every += rate
            good += rate * share
    return good / every if every else None
