"""What a view is: which tallies are asked for, and what their members mean. No input or output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from scenarios.reading import Table
from scenarios.scenario import Scenario
from scenarios.templates import placeholders, render, split_member

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


@dataclass(frozen=True)
class View:
    """The members of one hash as rows, highest first. What is not overridden is that of a table."""

    tally: str
    """Name of the tally that is shown."""
    rows: ClassVar[str] = "rows"
    """Name of the rows in the reader's answers."""

    @property
    def choosing(self) -> tuple[str, ...]:
        """The selectors: none, or the field with labels and the title of the second choice."""
        return ()

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
        """Key of the hash that is shown. `chosen`: a value of the first selector and a member of
        the set of its choices; nothing where there are no selectors."""
        return scenario.tally(self.tally).key

    def choices_key(self, scenario: Scenario, first: str) -> str:
        """Key of the set of what can be chosen for a value of the first selector."""
        raise NotImplementedError

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
