"""From the tallies of Redis to rows and bars; what is asked, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from controlroom.feeds.text import clean
from controlroom.model.tallies import Choice, Selection, Tallies, TallyRow
from scenarios.scenario import BarsView, Scenario, TableView
from scenarios.templates import escape, places, split_member
from wire.keys import counter_key
from wire.tops import Ask, Row, Top

MOST = 200
"""Rows, and choices of one selection, that are asked for."""


@dataclass(slots=True)
class TableReader:
    """All members of one hash; with the mean of a second hash where there is one."""

    scenario: Scenario
    view: TableView

    def questions(self) -> list[Ask]:
        """What to ask now."""
        return [Ask("hash", self._key(self.view.tally), MOST, self.second)]

    @property
    def second(self) -> str:
        """Key of the hash of which the mean is made; empty where there is none."""
        return self._key(self.view.average) if self.view.average else ""

    def complete(self, answers: Sequence[Top]) -> bool:
        """Whether the answers are enough to build from."""
        return True

    def build(self, answers: Sequence[Top], total: int) -> Tallies:
        """The rows, largest first."""
        add = self.scenario.tally(self.view.average).add if self.view.average else ""
        columns = tuple(self.scenario.field(name).label for name in self.view.columns)
        label = self.scenario.field(add).label if add else ""
        return _tallies(columns, answers[0], total, self.scenario.noun, label)

    def choose(self, selection: int, key: str) -> None:
        """A table has nothing to choose. Raises ValueError."""
        raise ValueError(f"The tallies of {self.scenario.name} have nothing to select.")

    def _key(self, tally: str) -> str:
        return counter_key(self.scenario.name, self.scenario.tally(tally).key)


@dataclass(slots=True)
class BarsReader:
    """One hash, chosen by a labelled field and by a member of that field's set."""

    scenario: Scenario
    view: BarsView
    first: str | None = None
    second: str | None = None
    _offered: dict[str, Top] = field(default_factory=dict)
    _beyond: tuple[str | None, str] | None = None
    """(first, second) that is chosen though it is not among those that are listed."""

    def questions(self) -> list[Ask]:
        """The choices for the first selector's, and the hash of the chosen one."""
        questions = [
            Ask("set", self.choices_key(key), MOST if key == self.first else 1)
            for key in self._firsts()
        ]
        if self.second is not None:
            questions.append(Ask("hash", self._chosen_key(), MOST))
        return questions

    def complete(self, answers: Sequence[Top]) -> bool:
        """Settles what is chosen; False when the hash of a new choice has to be asked for."""
        sets = answers[: len(self._firsts())]
        self._offered = dict(zip(self._firsts(), sets, strict=True))
        before = (self.first, self.second)
        if self.first is None:
            self.first = next((key for key, top in self._offered.items() if top.rows), None)
        offered = self._names()
        if self.second not in offered:
            self.second = offered[0] if offered else None
        return before == (self.first, self.second)

    def build(self, answers: Sequence[Top], total: int) -> Tallies:
        """One bar per member, largest first."""
        found = answers[-1] if self.second is not None else Top((), 0, 0, 0)
        member = places(self.scenario.tally(self.view.tally).member) or ()
        columns = tuple(self.scenario.field(name).label for name in member)
        made = _tallies(columns, found, total, self.scenario.noun)
        return replace(made, selections=self._selections())

    def choose(self, selection: int, key: str, beyond: bool = False) -> None:
        """Selects; another first choice lets go of the second. Raises ValueError for one that is
        not listed, unless the caller has seen `beyond` the list that it is there."""
        offered = self._firsts() if selection == 0 else self._names()
        if beyond and selection == 1:
            self._beyond = (self.first, key)
            offered = self._names()
        if selection not in (0, 1) or key not in offered:
            title = self.view.selectors[1 if selection else 0]
            raise ValueError(f"{key!r} is not one of the choices of {title}.")
        if selection == 0:
            self.second = self.second if key == self.first else None
            self.first = key
        else:
            self.second = key

    def choices_key(self, first: str | None = None) -> str:
        """Key of the set of choices, by default of those that are listed now."""
        wanted = {self.view.selectors[0]: self.first or "" if first is None else first}
        return self._key(self.scenario.tally(self.view.choices).key, wanted)

    def _names(self) -> list[str]:
        """The second choices there are for the first."""
        top = self._offered.get(self.first or "")
        names = top.names if top else []
        if self._beyond and self._beyond[0] == self.first and self._beyond[1] not in names:
            names.append(self._beyond[1])
        return names

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
            Choice(member, " – ".join(map(clean, split_member(member)))) for member in self._names()
        )
        top = self._offered.get(self.first or "")
        more = max(0, top.members - len(seconds)) if top else 0
        return (
            Selection(phase.label, firsts, self.first),
            Selection(self.view.selectors[1].capitalize(), seconds, self.second, more),
        )


Reader = TableReader | BarsReader


def reader_of(scenario: Scenario) -> Reader:
    """The reader that fits the scenario's view."""
    if isinstance(scenario.view, TableView):
        return TableReader(scenario, scenario.view)
    return BarsReader(scenario, scenario.view)


def row_of(row: Row) -> TallyRow:
    """One member as the room shows it; its mean where there is a second count."""
    mean = row.second / row.count if row.second is not None and row.count else None
    return TallyRow(tuple(map(clean, split_member(row.member))), row.count, mean)


def _tallies(
    columns: tuple[str, ...], top: Top, total: int, noun: str, average_label: str = ""
) -> Tallies:
    found = sorted(map(row_of, top.rows), key=lambda row: (-row.count, row.labels))
    return Tallies(
        columns,
        tuple(found),
        total,
        noun,
        average_label,
        more=top.members - len(found),
        others=top.others,
        sum=top.total,
    )
