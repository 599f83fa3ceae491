"""From the hashes and sets of Redis to rows and bars; what is asked, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlroom.feeds.text import clean
from controlroom.model.tallies import Choice, Selection, Tallies, TallyRow
from scenarios.scenario import BarsView, Scenario, TableView
from scenarios.templates import escape, places, split_member
from wire.keys import counter_key

Question = tuple[str, str]
"""(command, key): `hgetall` or `smembers`."""
Counts = Mapping[str, str]


@dataclass(slots=True)
class TableReader:
    """All members of one hash; with the mean of a second hash where there is one."""

    scenario: Scenario
    view: TableView

    def questions(self) -> list[Question]:
        """What to ask now."""
        tallies = [self.view.tally, *([self.view.average] if self.view.average else [])]
        keys = [self.scenario.tally(name).key for name in tallies]
        return [("hgetall", counter_key(self.scenario.name, key)) for key in keys]

    def complete(self, answers: Sequence[Any]) -> bool:
        """Whether the answers are enough to build from."""
        return True

    def build(self, answers: Sequence[Any], total: int) -> Tallies:
        """The rows, largest first."""
        sums: Counts = answers[1] if self.view.average else {}
        add = self.scenario.tally(self.view.average).add if self.view.average else ""
        columns = tuple(self.scenario.field(name).label for name in self.view.columns)
        label = self.scenario.field(add).label if add else ""
        return Tallies(columns, rows(answers[0], sums), total, self.scenario.noun, label)

    def choose(self, selection: int, key: str) -> None:
        """A table has nothing to choose. Raises ValueError."""
        raise ValueError(f"The tallies of {self.scenario.name} have nothing to select.")


@dataclass(slots=True)
class BarsReader:
    """One hash, chosen by a labelled field and by a member of that field's set."""

    scenario: Scenario
    view: BarsView
    first: str | None = None
    second: str | None = None
    _offered: dict[str, list[str]] = field(default_factory=dict)

    def questions(self) -> list[Question]:
        """The sets of all choices, and the hash of the chosen one."""
        choices = self.scenario.tally(self.view.choices)
        asked = [self._key(choices.key, {self.view.selectors[0]: key}) for key in self._firsts()]
        questions = [("smembers", key) for key in asked]
        if self.second is not None:
            questions.append(("hgetall", self._chosen_key()))
        return questions

    def complete(self, answers: Sequence[Any]) -> bool:
        """Settles what is chosen; False when the hash of a new choice has to be asked for."""
        sets = answers[: len(self._firsts())]
        self._offered = {
            key: sorted(members) for key, members in zip(self._firsts(), sets, strict=True)
        }
        before = (self.first, self.second)
        if self.first is None:
            self.first = next((key for key, members in self._offered.items() if members), None)
        offered = self._offered.get(self.first or "", [])
        if self.second not in offered:
            self.second = offered[0] if offered else None
        return before == (self.first, self.second) or self.second is None

    def build(self, answers: Sequence[Any], total: int) -> Tallies:
        """One bar per member, largest first."""
        counts: Counts = answers[-1] if self.second is not None else {}
        member = places(self.scenario.tally(self.view.tally).member) or ()
        columns = tuple(self.scenario.field(name).label for name in member)
        return Tallies(
            columns, rows(counts, {}), total, self.scenario.noun, selections=self._selections()
        )

    def choose(self, selection: int, key: str) -> None:
        """Selects; another first choice lets go of the second. Raises ValueError."""
        offered = self._firsts() if selection == 0 else self._offered.get(self.first or "", [])
        if selection not in (0, 1) or key not in offered:
            title = self.view.selectors[1 if selection else 0]
            raise ValueError(f"{key!r} is not one of the choices of {title}.")
        if selection == 0:
            self.second = self.second if key == self.first else None
            self.first = key
        else:
            self.second = key

    def _firsts(self) -> list[str]:
        labels = self.scenario.field(self.view.selectors[0]).labels or {}
        return [str(value) for value in sorted(labels)]

    def _chosen_key(self) -> str:
        member = places(self.scenario.tally(self.view.choices).member) or ()
        parts = dict(zip(member, split_member(self.second or ""), strict=False))
        parts[self.view.selectors[0]] = self.first or ""
        return self._key(self.scenario.tally(self.view.tally).key, parts)

    def _key(self, template: str, values: Mapping[str, str]) -> str:
        filled = template
        for name, value in values.items():
            filled = filled.replace("{" + name + "}", escape(value))
        return counter_key(self.scenario.name, filled)

    def _selections(self) -> tuple[Selection, ...]:
        phase = self.scenario.field(self.view.selectors[0])
        labels = phase.labels or {}
        firsts = tuple(Choice(key, labels[int(key)]) for key in self._firsts())
        seconds = tuple(
            Choice(member, " – ".join(map(clean, split_member(member))))
            for member in self._offered.get(self.first or "", [])
        )
        return (
            Selection(phase.label, firsts, self.first),
            Selection(self.view.selectors[1].capitalize(), seconds, self.second),
        )


Reader = TableReader | BarsReader


def reader_of(scenario: Scenario) -> Reader:
    """The reader that fits the scenario's view."""
    if isinstance(scenario.view, TableView):
        return TableReader(scenario, scenario.view)
    return BarsReader(scenario, scenario.view)


def rows(counts: Counts, sums: Counts) -> tuple[TallyRow, ...]:
    """Rows of one hash, largest first, those with equal counts by their labels."""
    found = [
        TallyRow(
            tuple(map(clean, split_member(member))), int(count), _mean(sums.get(member), count)
        )
        for member, count in counts.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.count, row.labels)))


def _mean(total: str | None, count: str) -> float | None:
    return int(total) / int(count) if total is not None and int(count) else None
