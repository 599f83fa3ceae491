"""What a view asks of Redis: the one place for the room, the reader and its gauges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from scenarios.derived import label_of, worded
from scenarios.scenario import Scenario
from scenarios.templates import placeholders, split_member
from scenarios.views.view import View
from wire.keys import counter_key
from wire.tops import Ask, Row, Top

CHOICES = 300
"""Members that are listed for a choice; all countries are fewer."""


class Questions:
    """The questions of one view of a scenario; without a view those of its first."""

    def __init__(self, scenario: Scenario, view: View | None = None) -> None:
        self._scenario = scenario
        self._view = view or scenario.view

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
        key = self._key(view.key(self._scenario, chosen))
        return Ask(self._holds(view.tally), key, view.most(most), second)

    def choices(self, first: str, most: int) -> Ask:
        """What can be chosen for a value of the first selector."""
        return Ask("set", self.choices_key(first), most)

    def choices_key(self, first: str) -> str:
        """Key of the set of all that can be chosen for a value of the first selector."""
        return self._key(self._view.choices_key(self._scenario, first))

    def offers(self, most: int = CHOICES) -> Ask:
        """What can be chosen in a view that has one choice; of a hash the highest first."""
        return Ask(self._holds(self._view.by), self.offers_key(), most)

    def offers_key(self) -> str:
        """Key of all that can be chosen in a view that has one choice."""
        return self._key(self._scenario.tally(self._view.by).key)

    @property
    def chosen_names(self) -> tuple[str, ...]:
        """Fields of which a choice of a view with one is made."""
        return placeholders(self._scenario.tally(self._view.by).member) or ()

    @property
    def selectors(self) -> tuple[str, ...]:
        """What each choice is called, as a flag or in a query: `phase`, `match`, `country`."""
        if self._view.by:
            return ("-".join(self.chosen_names) or self._view.by,)
        return self._view.choosing

    @property
    def selector_label(self) -> str:
        """What the choice of a view with one is called."""
        return " · ".join(label_of(self._scenario, name) for name in self.chosen_names)

    def offer_label(self, member: str) -> str:
        """A choice of a view with one, as people call it."""
        return " · ".join(worded(self._scenario, self.chosen_names, split_member(member)))

    def labels(self, member: str) -> tuple[str, ...]:
        """A member as it is shown."""
        view = self._view
        return worded(self._scenario, view.names(self._scenario), view.labels(member))

    def shown(self, top: Top) -> list[Row]:
        """The rows of an answer in the order in which they are shown."""
        order = self._view.order(self._scenario)
        if order:
            there = {row.member: row for row in top.rows}
            return [there.get(member) or Row(member, 0) for member in order]
        if self._holds(self._view.tally) == "newest":
            return list(top.rows)
        return sorted(top.rows, key=lambda row: (-row.count, self._view.labels(row.member)))

    def _holds(self, tally: str) -> Literal["hash", "set", "newest"]:
        holds = self._scenario.kinds[self._scenario.tally(tally).kind].holds
        return cast("Literal['hash', 'set', 'newest']", holds)

    def _key(self, key: str) -> str:
        return counter_key(self._scenario.name, key)
