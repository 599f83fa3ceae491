"""A hash of countries as a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scenarios.reading import Table
from scenarios.views.view import Drawn, View, ViewKind

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks

_COUNTRIES = 300
"""More than there are, so that none is missing."""


@dataclass(frozen=True)
class MapView(View):
    """The members of the tally are countries, a value that is derived by country."""

    drawn: ClassVar[Drawn] = "map"

    def check(self, check: ScenarioChecks, table: Table) -> None:
        check.country(table, "tally", check.named(table, "tally", self.tally, "hash"))

    def most(self, wanted: int) -> int:
        return _COUNTRIES


class MapKind(ViewKind):
    """`tally` alone."""

    name = "map"

    def read(self, table: Table) -> MapView:
        view = MapView(table.text("tally"))
        table.done()
        return view


KIND = MapKind()
