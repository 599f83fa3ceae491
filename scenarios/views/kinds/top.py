"""The highest members of one hash."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.reading import Table
from scenarios.views.view import View, ViewKind

MOST = 200


@dataclass(frozen=True)
class TopView(View):
    """By what the tally adds: one for each event, or a field."""

    places: int

    def most(self, wanted: int) -> int:
        return min(wanted, self.places)


class TopKind(ViewKind):
    """`tally` and `places`, ten where it says nothing."""

    name = "top"

    def read(self, table: Table) -> TopView:
        places = table.integer("places", 10)
        if not 0 < places <= MOST:
            table.fail("places", f"is {places}", f"show 1 to {MOST}")
        view = TopView(table.text("tally"), places)
        table.done()
        return view


KIND = TopKind()
