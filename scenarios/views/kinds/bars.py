"""One hash chosen by selectors, a bar per member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from scenarios.reading import Table
from scenarios.scenario import Scenario
from scenarios.templates import placeholders
from scenarios.views.view import Counted, Drawn, View, ViewKind, filled, part

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class BarsView(View):
    """The first selector is an integer field with labels; the second lists the members of the set
    tally `choices`, whose key names the first selector."""

    selectors: tuple[str, str]
    """(`phase`, `match`): the labelled field, and the title of the second choice."""
    choices: str
    """Name of the set tally that lists what can be chosen for one value of the first selector."""
    rows: ClassVar[str] = "bars"
    drawn: ClassVar[Drawn] = "bars"

    @property
    def choosing(self) -> tuple[str, ...]:
        return self.selectors

    def check(self, check: ScenarioChecks, table: Table) -> None:
        shown = check.named(table, "tally", self.tally, "hash")
        choices = check.named(table, "choices", self.choices, "set")
        first = self.selectors[0]
        check.known(table, "selectors", (first,))
        if not check.scenario.field(first).labels:
            table.fail("selectors", f"the field {first} has no labels", f"give {first} labels")
        if placeholders(choices.key) != (first,):
            table.fail("choices", f"its key must name {{{first}}} only", "change the key")
        if set(placeholders(shown.key) or ()) != {first, *(placeholders(choices.member) or ())}:
            table.fail(
                "tally",
                "its key must name the fields of the selector and of the choices' member",
                f"change the key of the tally {shown.name}",
            )

    def key(self, scenario: Scenario, chosen: Sequence[str]) -> str:
        first, member = chosen
        names = placeholders(scenario.tally(self.choices).member) or ()
        # parts of a member are escaped already, as the key wants them
        values = dict(zip(names, member.split(":"), strict=False)) | {self.selectors[0]: first}
        return filled(scenario, self.tally, values)

    def choices_key(self, scenario: Scenario, first: str) -> str:
        return filled(scenario, self.choices, {self.selectors[0]: first})

    def row(self, names: Sequence[str], counted: Counted, total: int) -> dict[str, Any]:
        return part(counted, total)


class BarsKind(ViewKind):
    """`tally`, two `selectors` and the `choices` of the second."""

    name = "bars"

    def read(self, table: Table) -> BarsView:
        selectors = table.texts("selectors")
        if len(selectors) != 2:
            table.fail("selectors", "must be two texts", 'write selectors = ["field", "title"]')
        view = BarsView(table.text("tally"), (selectors[0], selectors[1]), table.text("choices"))
        table.done()
        return view


KIND = BarsKind()
