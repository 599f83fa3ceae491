"""Parts of a whole, of one choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from scenarios.reading import Table
from scenarios.templates import placeholders
from scenarios.views.view import Counted, Drawn, View, ViewKind, part

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class ChosenView(View):
    """What is shown is of one member of another tally, such as a country."""

    choices: str = ""
    """Name of the hash or set tally of what can be chosen; nothing is chosen where it is empty."""

    @property
    def by(self) -> str:
        return self.choices

    def check(self, check: ScenarioChecks, table: Table) -> None:
        self.fits(check, table, "hash")

    def fits(self, check: ScenarioChecks, table: Table, holds: str) -> None:
        """Fails where the key of the tally does not name what is chosen."""
        shown = check.named(table, "tally", self.tally, holds)
        wanted: tuple[str, ...] = ()
        if self.choices:
            member = check.named(table, "choices", self.choices, "hash", "set").member
            wanted = placeholders(member) or ()
        if set(placeholders(shown.key) or ()) != set(wanted):
            names = " and ".join(f"{{{name}}}" for name in wanted) or "no field"
            table.fail("tally", f"the key of {shown.name} must name {names}", "change the key")


@dataclass(frozen=True)
class SharesView(ChosenView):
    """Each member of a hash with its part of the sum."""

    rows: ClassVar[str] = "bars"
    drawn: ClassVar[Drawn] = "bars"

    def row(self, names: Sequence[str], counted: Counted, total: int) -> dict[str, Any]:
        return part(counted, total)


class SharesKind(ViewKind):
    """`tally`, and `choices` where it is one of several."""

    name = "shares"

    def read(self, table: Table) -> SharesView:
        view = SharesView(table.text("tally"), table.text("choices", ""))
        table.done()
        return view


KIND = SharesKind()
