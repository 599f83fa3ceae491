"""What a view asks of Redis: the one place for the room, the reader and its gauges."""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.scenario import Scenario
from wire.keys import counter_key
from wire.tops import Ask


class Questions:
    """The questions of one scenario's view."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._view = scenario.view

    def firsts(self) -> list[str]:
        """The values of the first selector; none where the view has no selectors."""
        if not self._view.choosing:
            return []
        labels = self._scenario.field(self._view.choosing[0]).labels or {}
        return [str(value) for value in sorted(labels)]

    def rows(self, most: int, chosen: Sequence[str] = ()) -> Ask:
        """The rows, at most so many; `chosen` as `View.key` has it."""
        view = self._view
        second = ""
        if view.averaged:
            second = self._key(self._scenario.tally(view.averaged).key)
        return Ask("hash", self._key(view.key(self._scenario, chosen)), view.most(most), second)

    def choices(self, first: str, most: int) -> Ask:
        """What can be chosen for a value of the first selector."""
        return Ask("set", self.choices_key(first), most)

    def choices_key(self, first: str) -> str:
        """Key of the set of all that can be chosen for a value of the first selector."""
        return self._key(self._view.choices_key(self._scenario, first))

    def _key(self, key: str) -> str:
        return counter_key(self._scenario.name, key)
