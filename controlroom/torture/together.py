"""The verdict over several queues: each by its own promise, and the counters, which are of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import fields, replace
from typing import Any

from controlroom.torture.compare import Comparison, Found, Member, SentEvents, compare

COUNTERS = "counters"


def side_by_side(
    sent: Mapping[str, SentEvents], found: Mapping[str, Found]
) -> dict[str, Comparison]:
    """Queue -> what its own events came to, by all but the counters; these are one more."""
    verdicts = {
        queue: compare(sent[queue], replace(each, tallies={}, expected={}))
        for queue, each in found.items()
    }
    return {**verdicts, COUNTERS: compare(SentEvents(), _counters(list(found.values())))}


def together(verdicts: Mapping[str, Comparison]) -> Comparison:
    """Sums, and what each tells of single events."""
    sums: dict[str, Any] = {}
    for each in fields(Comparison):
        values = [getattr(one, each.name) for one in verdicts.values()]
        values = [value for value in values if value is not None]
        if values:
            sums[each.name] = sum(values, type(values[0])())
    return Comparison(**sums)


def _counters(found: list[Found]) -> Found:
    """What was counted, as it was read last, and what all queues let expect."""
    judged = {place for place in found[-1].tallies if all(place in f.tallies for f in found)}
    expected: Counter[Member] = Counter()
    sets: Set[Member] = frozenset().union(*(each.sets for each in found))
    for each in found:
        expected.update(each.expected)
    expected.update({place: 1 - expected[place] for place in sets})
    return Found(
        tallies={place: n for place, n in found[-1].tallies.items() if place in judged},
        expected=expected,
        counting=frozenset().union(*(each.counting for each in found)),
    )
