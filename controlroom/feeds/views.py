"""From the tallies of Redis to rows and bars; what is asked, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from controlroom.feeds.text import clean
from controlroom.model.tallies import Selection, Tallies, TallyChoice, TallyRow
from scenarios.scenario import Scenario
from scenarios.templates import split_member
from scenarios.views.view import View
from wire.tops import Ask, Row, Top
from wire.views import Questions

MOST = 200
"""Rows, and choices of one selection, that are asked for."""


@dataclass(slots=True)
class TableReader:
    """All members of one hash; with the mean of a second hash where there is one."""

    scenario: Scenario

    def questions(self) -> list[Ask]:
        """What to ask now."""
        return [Questions(self.scenario).rows(MOST)]

    def complete(self, answers: Sequence[Top]) -> bool:
        """Whether the answers are enough to build from."""
        return True

    def build(self, answers: Sequence[Top], total: int) -> Tallies:
        """The rows, largest first."""
        return _tallies(self.scenario, answers[0], total)

    def choose(self, selection: int, key: str) -> None:
        """A table has nothing to choose. Raises ValueError."""
        raise ValueError(f"The tallies of {self.scenario.name} have nothing to select.")


@dataclass(slots=True)
class BarsReader:
    """One hash, chosen by a labelled field and by a member of that field's set."""

    scenario: Scenario
    first: str | None = None
    second: str | None = None
    _offered: dict[str, Top] = field(default_factory=dict)
    _beyond: tuple[str | None, str] | None = None
    """(first, second) that is chosen though it is not among those that are listed."""

    def questions(self) -> list[Ask]:
        """The choices for the first selector's, and the hash of the chosen one."""
        asked = Questions(self.scenario)
        questions = [asked.choices(key, MOST if key == self.first else 1) for key in self._firsts()]
        if self.second is not None:
            questions.append(asked.rows(MOST, (self.first or "", self.second)))
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
        made = _tallies(self.scenario, found, total)
        return replace(made, selections=self._selections())

    def choose(self, selection: int, key: str, beyond: bool = False) -> None:
        """Selects; another first choice lets go of the second. Raises ValueError for one that is
        not listed, unless the caller has seen `beyond` the list that it is there."""
        offered = self._firsts() if selection == 0 else self._names()
        if beyond and selection == 1:
            self._beyond = (self.first, key)
            offered = self._names()
        if selection not in (0, 1) or key not in offered:
            title = self.scenario.view.choosing[1 if selection else 0]
            raise ValueError(f"{key!r} is not one of the choices of {title}.")
        if selection == 0:
            self.second = self.second if key == self.first else None
            self.first = key
        else:
            self.second = key

    def choices_key(self) -> str:
        """Key of the set of choices that are listed now."""
        return Questions(self.scenario).choices_key(self.first or "")

    def _names(self) -> list[str]:
        """The second choices there are for the first."""
        top = self._offered.get(self.first or "")
        names = top.names if top else []
        if self._beyond and self._beyond[0] == self.first and self._beyond[1] not in names:
            names.append(self._beyond[1])
        return names

    def _firsts(self) -> list[str]:
        return Questions(self.scenario).firsts()

    def _selections(self) -> tuple[Selection, ...]:
        phase = self.scenario.field(self.scenario.view.choosing[0])
        labels = phase.labels or {}
        firsts = tuple(TallyChoice(key, labels[int(key)]) for key in self._firsts())
        seconds = tuple(
            TallyChoice(member, " – ".join(map(clean, split_member(member))))
            for member in self._names()
        )
        top = self._offered.get(self.first or "")
        more = max(0, top.members - len(seconds)) if top else 0
        return (
            Selection(phase.label, firsts, self.first),
            Selection(self.scenario.view.choosing[1].capitalize(), seconds, self.second, more),
        )


Reader = TableReader | BarsReader


def reader_of(scenario: Scenario) -> Reader:
    """The reader that fits the scenario's view."""
    return BarsReader(scenario) if scenario.view.choosing else TableReader(scenario)


def row_of(view: View, row: Row) -> TallyRow:
    """One member as the room shows it; its mean where there is a second count."""
    mean = row.second / row.count if row.second is not None and row.count else None
    return TallyRow(tuple(map(clean, view.labels(row.member))), row.count, mean)


def _tallies(scenario: Scenario, top: Top, total: int) -> Tallies:
    view = scenario.view
    rows = [row_of(view, row) for row in top.rows]
    found = sorted(rows, key=lambda row: (-row.count, row.labels))
    add = scenario.tally(view.averaged).add if view.averaged else ""
    return Tallies(
        tuple(scenario.field(name).label for name in view.names(scenario)),
        tuple(found),
        total,
        scenario.noun,
        scenario.field(add).label if add else "",
        more=top.members - len(found),
        others=top.others,
        sum=top.total,
    )
