"""A kind of view of a test's own: the first few members, each with its medal's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from scenarios.reading import Table
from scenarios.views.view import Counted, View, ViewKind


@dataclass(frozen=True)
class PodiumView(View):
    """Rows of `tally`, so many as there are `places`."""

    places: int
    rows: ClassVar[str] = "podium"

    def most(self, wanted: int) -> int:
        return min(self.places, wanted)

    def row(self, names: Sequence[str], counted: Counted, total: int) -> dict[str, Any]:
        return {"who": " of ".join(reversed(self.labels(counted.member))), "count": counted.count}


class PodiumKind(ViewKind):
    """`tally`, and how many `places`."""

    name = "podium"

    def read(self, table: Table) -> PodiumView:
        view = PodiumView(table.text("tally"), table.integer("places", 3))
        table.done()
        return view


KIND = PodiumKind()
