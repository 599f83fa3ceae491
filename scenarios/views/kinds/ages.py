"""Ranges of a number, of one choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenarios.reading import Table
from scenarios.scenario import Scenario
from scenarios.tallies.kinds.ranges import RangesTally
from scenarios.views.kinds.shares import SharesView
from scenarios.views.view import ViewKind

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class AgesView(SharesView):
    """All ranges of a tally of ranges in their order, also those that are empty."""

    def check(self, check: ScenarioChecks, table: Table) -> None:
        super().check(check, table)
        if not isinstance(check.scenario.tally(self.tally), RangesTally):
            table.fail("tally", f"{self.tally} has no ranges", "name a tally of kind ranges")

    def order(self, scenario: Scenario) -> tuple[str, ...]:
        tally = scenario.tally(self.tally)
        assert isinstance(tally, RangesTally)
        low, *others = tally.ranges
        minimum = scenario.field(tally.member[1:-1]).minimum
        none_below = minimum is not None and minimum >= tally.starts[0]
        return tuple(others) if none_below else (low, *others)


class AgesKind(ViewKind):
    """`tally`, and `choices` where it is one of several."""

    name = "ages"

    def read(self, table: Table) -> AgesView:
        view = AgesView(table.text("tally"), table.text("choices", ""))
        table.done()
        return view


KIND = AgesKind()
