"""What a view is: which tallies are asked for, and what their members mean. No input or output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from scenarios.reading import Table
from scenarios.scenario import Scenario
from scenarios.templates import placeholders, render, split_member, unescape

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


class Counted(Protocol):
    """One member of the hash that is shown."""

    @property
    def member(self) -> str:
        """As the tally has it."""

    @property
    def count(self) -> int:
        """How often."""

    @property
    def second(self) -> int | None:
        """What the second hash has of it."""


Drawn = Literal["rows", "bars", "map", "lines"]
"""A table with bars and rates, shares of a sum as bars, a map of countries, lines of text."""


@dataclass(frozen=True)
class View:
    """The members of one hash as rows, highest first. What is not overridden is that of a table."""

    tally: str
    """Name of the tally that is shown."""
    rows: ClassVar[str] = "rows"
    """Name of the rows in the reader's answers."""
    drawn: ClassVar[Drawn] = "rows"
    """How the room shows it."""

    @property
    def choosing(self) -> tuple[str, ...]:
        """The selectors: none, or the field with labels and the title of the second choice."""
        return ()

    @property
    def by(self) -> str:
        """Name of the hash or set tally whose members can be chosen; empty where none is chosen.
        The key of what is shown names the fields of which they are made."""
        return ""

    @property
    def averaged(self) -> str:
        """Name of a hash tally with the same members, shown divided by the count; or empty."""
        return ""

    def check(self, check: ScenarioChecks, table: Table) -> None:
        """Fails where the view does not fit the fields and tallies of its scenario."""
        check.named(table, "tally", self.tally, "hash")

    def most(self, wanted: int) -> int:
        """How many rows are asked for, where `wanted` could be shown."""
        return wanted

    def key(self, scenario: Scenario, chosen: Sequence[str]) -> str:
        """Key of what is shown. `chosen`: a value of the first selector and a member of the set of
        its choices; with `by` a member of that tally; nothing where there is no choice."""
        key = scenario.tally(self.tally).key
        if not self.by:
            return key
        names = placeholders(scenario.tally(self.by).member) or ()
        return render(key, dict(zip(names, chosen[0].split(":"), strict=False)))

    def choices_key(self, scenario: Scenario, first: str) -> str:
        """Key of the set of what can be chosen for a value of the first selector."""
        raise NotImplementedError

    def order(self, scenario: Scenario) -> tuple[str, ...]:
        """All members that there can be, in the order in which they are shown, also those without
        a count; empty where the highest come first."""
        return ()

    def names(self, scenario: Scenario) -> tuple[str, ...]:
        """Fields of which the members of the hash are made, in their order."""
        return placeholders(scenario.tally(self.tally).member) or ()

    def labels(self, member: str) -> tuple[str, ...]:
        """A member of the hash, as it is shown."""
        return split_member(member)

    def row(self, names: Sequence[str], counted: Counted, total: int) -> dict[str, Any]:
        """A row of the reader's answers. `names`: as above; `total`: the sum of all counts."""
        row: dict[str, Any] = dict(zip(names, self.labels(counted.member), strict=False))
        row["count"] = counted.count
        if self.averaged:
            row["average"] = round((counted.second or 0) / max(1, counted.count), 4)
        return row


class ViewKind(ABC):
    """A kind of view."""

    name: str
    """As `kind` in the table `[view]` of a scenario."""

    @abstractmethod
    def read(self, table: Table) -> View:
        """The view that the table declares. Raises ScenarioError."""


def filled(scenario: Scenario, tally: str, values: Mapping[str, str]) -> str:
    """Key of a tally without the scenario; `values` are escaped already."""
    return render(scenario.tally(tally).key, values)


def part(counted: Counted, total: int) -> dict[str, Any]:
    """A row of the reader that says which part of `total` a member is."""
    return {
        "label": unescape(counted.member),
        "count": counted.count,
        "percent": round(100 * counted.count / max(1, total), 2),
    }
