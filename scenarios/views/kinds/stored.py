"""The newest stored events, from the document store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scenarios.reading import Table
from scenarios.scenario import ORIGIN, Scenario
from scenarios.views.view import Drawn, View, ViewKind

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class StoredView(View):
    """Pages of events, all or those that have a value in a column. It shows no tally."""

    columns: tuple[str, ...]
    """Fields, derived values, ORIGIN."""
    drawn: ClassVar[Drawn] = "lines"

    def check(self, check: ScenarioChecks, table: Table) -> None:
        more = {ORIGIN, *(each.name for each in check.scenario.derived)}
        check.known(table, "columns", (name for name in self.columns if name not in more))

    def names(self, scenario: Scenario) -> tuple[str, ...]:
        return self.columns


class StoredKind(ViewKind):
    """`columns` alone."""

    name = "stored"

    def read(self, table: Table) -> StoredView:
        view = StoredView("", table.texts("columns"))
        table.done()
        return view


KIND = StoredKind()
