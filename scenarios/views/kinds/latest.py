"""The last events, of one choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from scenarios.reading import Table
from scenarios.tallies.kinds.latest import parts_of
from scenarios.templates import split_member
from scenarios.views.kinds.shares import ChosenView
from scenarios.views.view import Counted, Drawn, ViewKind

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class LatestView(ChosenView):
    """What a tally of kind latest has, the last first."""

    rows: ClassVar[str] = "last"
    drawn: ClassVar[Drawn] = "lines"

    def check(self, check: ScenarioChecks, table: Table) -> None:
        self.fits(check, table, "newest")

    def labels(self, member: str) -> tuple[str, ...]:
        return split_member(parts_of(member)[1])

    def row(self, names: Sequence[str], counted: Counted, total: int) -> dict[str, Any]:
        at = datetime.fromtimestamp(parts_of(counted.member)[0] / 1000, UTC)
        row: dict[str, Any] = dict(zip(names, self.labels(counted.member), strict=False))
        return row | {"producedat": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


class LatestKind(ViewKind):
    """`tally`, and `choices` where it is one of several."""

    name = "latest"

    def read(self, table: Table) -> LatestView:
        view = LatestView(table.text("tally"), table.text("choices", ""))
        table.done()
        return view


KIND = LatestKind()
