"""A kind of view: the first few members, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scenarios.reading import Table
from scenarios.views.view import View, ViewKind

from ..words import spoken


@dataclass(frozen=True)
class RankingView(View):
    """Rows of `tally`, so many as there are `places`."""

    places: int
    rows: ClassVar[str] = "ranking"

    def most(self, wanted: int) -> int:
        return min(self.places, wanted)

    def labels(self, member: str) -> tuple[str, ...]:
        return tuple(spoken(part) for part in super().labels(member))


class RankingKind(ViewKind):
    """`tally`, and how many `places`."""

    name = "ranking"

    def read(self, table: Table) -> RankingView:
        view = RankingView(table.text("tally"), table.integer("places", 3))
        table.done()
        return view


KIND = RankingKind()
