"""All members of one hash as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenarios.reading import Table
from scenarios.views.view import View, ViewKind

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class TableView(View):
    """Label columns, count, rate, average of a second hash."""

    columns: tuple[str, ...]
    """Field names; the members of the tally are split at `:` into these."""
    average: str = ""
    """Name of a hash tally with the same members, shown divided by the count."""

    @property
    def averaged(self) -> str:
        return self.average

    def check(self, check: ScenarioChecks, table: Table) -> None:
        shown = check.named(table, "tally", self.tally, "hash")
        derived = {each.name for each in check.scenario.derived}
        check.known(table, "columns", (name for name in self.columns if name not in derived))
        if shown.member != ":".join(f"{{{name}}}" for name in self.columns):
            table.fail(
                "columns",
                f"do not fit the member {shown.member!r} of the tally {shown.name}",
                "make the member the columns as {field}, joined by :",
            )
        if self.average:
            other = check.named(table, "average", self.average, "hash")
            if other.member != shown.member or not other.add:
                table.fail("average", "has other members or adds nothing", "use the same member")


class TableKind(ViewKind):
    """`tally`, `columns`, and an `average` where one is wanted."""

    name = "table"

    def read(self, table: Table) -> TableView:
        view = TableView(table.text("tally"), table.texts("columns"), table.text("average", ""))
        table.done()
        return view


KIND = TableKind()
