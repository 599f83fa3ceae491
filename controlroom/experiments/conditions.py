"""Conditions: what holds in the steady state, when a fault begins, what ends the experiment."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.experiments.format import Bound, Guard, Limit
from controlroom.experiments.measures import Sample
from host.durations import parse_duration

NO_DATA = "no data"


def holds(limit: Limit, sample: Sample) -> bool:
    """Whether a figure is beyond the limit. One that is not known is not."""
    value = sample.value(limit.measure)
    return value is not None and _beyond(limit, value)


def unsteady(bounds: Sequence[Bound], samples: Sequence[Sample]) -> str:
    """Why it is no steady state, in words; empty where it is one.

    A bound holds where it does in nine of ten samples; one without any data does not.
    """
    for bound in bounds:
        values = [one.value(bound.measure) for one in samples]
        kept = [value for value in values if value is not None and _within(bound, value)]
        if not values or len(kept) < 0.9 * len(values):
            known = [value for value in values if value is not None]
            worst = (min if bound.at_least is not None else max)(known) if known else None
            seen = NO_DATA if worst is None else f"{worst:g} at worst"
            return f"{bound_words(bound)} does not hold: {seen}"
    return ""


def bound_words(bound: Bound) -> str:
    """`success of at least 0.99`."""
    if bound.at_least is not None:
        return f"{bound.measure} of at least {bound.at_least:g}"
    return f"{bound.measure} of at most {bound.at_most:g}"


def guard_words(guard: Guard) -> str:
    """`success below 0.5 for 10s`."""
    return f"{_limit_words(guard)} for {guard.for_}"


def _limit_words(limit: Limit | Guard) -> str:
    if limit.below is not None:
        return f"{limit.measure} below {limit.below:g}"
    return f"{limit.measure} above {limit.above:g}"


def breached(guards: Sequence[Guard], bounds: Sequence[Bound], sample: Sample) -> bool:
    """Whether any limit or bound is broken in this second, however short. No data is."""
    for guard in guards:
        value = sample.value(guard.measure)
        if value is None or _beyond(guard, value):
            return True
    for bound in bounds:
        value = sample.value(bound.measure)
        if value is None or not _within(bound, value):
            return True
    return False


class Watch:
    """Watches the guards, sample by sample. No data is a breach."""

    def __init__(self, guards: Sequence[Guard]) -> None:
        self._guards = guards
        self._since: list[float | None] = [None] * len(guards)

    def see(self, sample: Sample) -> str:
        """Which guard has been breached for its time, in words; empty where none has."""
        for place, guard in enumerate(self._guards):
            value = sample.value(guard.measure)
            if value is not None and not _beyond(guard, value):
                self._since[place] = None
                continue
            since = self._since[place]
            if since is None:
                # the sample is the whole of the time before it
                since = self._since[place] = sample.at - 1.0
            if sample.at - since >= parse_duration(guard.for_):
                seen = NO_DATA if value is None else f"{value:g}"
                return f"{guard_words(guard)} (now {seen})"
        return ""


def _beyond(limit: Limit | Guard, value: float) -> bool:
    if limit.below is not None:
        return value < limit.below
    return limit.above is not None and value > limit.above


def _within(bound: Bound, value: float) -> bool:
    if bound.at_least is not None:
        return value >= bound.at_least
    return bound.at_most is not None and value <= bound.at_most
