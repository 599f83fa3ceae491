"""How often sources are asked: as the setting `pace` has it."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.feeds.feed import CALM_PERIOD, Source
from controlroom.model.board import RATE_SECONDS
from controlroom.model.frame import RUNS

_IN_TIME = 0.8
"""Of the time that a rate covers: a calm source is asked twice in it, so that the rate is known."""
_FRESH = 3
"""Periods after which a calm source is asked at the latest; after four its figures are stale."""


def slowed(sources: Sequence[Source], times: int) -> None:
    """Has every source asked only once where it would be asked `times` times. Runs, which are files
    of this machine, are looked at as often as ever."""
    for source in sources:
        if source.name == RUNS.name or times == 1:
            continue
        calm = getattr(source, "calm_period", CALM_PERIOD)
        source.period *= times
        most = min(calm * times, _FRESH * source.period, _IN_TIME * RATE_SECONDS)
        vars(source)["calm_period"] = max(calm, most)
