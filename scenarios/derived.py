"""Values that are made of a field of an event, for the tallies alone; no event holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scenarios.places.countries import country_names, country_of
from scenarios.scenario import Event, Scenario, Value


class Derivation(NamedTuple):
    """A way to make a value of a text, and what the values are called."""

    make: Callable[[str], str]
    words: Callable[[], Mapping[str, str]]


DERIVATIONS: Mapping[str, Derivation] = {"country": Derivation(country_of, country_names)}
"""What `by` of a table `[[derived]]` can say."""


def with_derived(scenario: Scenario, event: Event) -> Event:
    """The event with the values that its scenario derives."""
    if not scenario.derived:
        return event
    more: dict[str, Value] = {
        each.name: DERIVATIONS[each.by].make(str(event[each.source])) for each in scenario.derived
    }
    return {**event, **more}


def label_of(scenario: Scenario, name: str) -> str:
    """What a field or a derived value is called."""
    labels = {each.name: each.label for each in scenario.derived}
    return labels[name] if name in labels else scenario.field(name).label


def worded(scenario: Scenario, names: Sequence[str], values: Iterable[str]) -> tuple[str, ...]:
    """The values of those fields as people call them: the name of a country for its code."""
    ways = {each.name: each.by for each in scenario.derived}
    found = []
    for index, value in enumerate(values):
        way = ways.get(names[index]) if index < len(names) else None
        found.append(DERIVATIONS[way].words().get(value, value) if way else value)
    return tuple(found)
