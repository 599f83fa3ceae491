"""The rows of the tallies one by one, each of which opens the events that it counts."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.feeds.finding import fields_of
from controlroom.model.finding import Wanted
from controlroom.model.frame import TALLIES, Frame
from controlroom.model.log import LogLine
from controlroom.model.tallies import Chosen, TallyRow
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.document import DocumentPage
from controlroom.screens.pages.finding import FoundPage
from controlroom.screens.pages.parts import Cell, cells
from scenarios.scenario import Scenario


class CountedPage(FoundPage):
    """The events that one row counts."""

    def __init__(self, below: Below, name: str, key: str, chosen: Chosen) -> None:
        super().__init__(below, name, Wanted())
        self._key = key
        self._chosen_view = chosen

    def of(self, below: Below) -> CountedPage:
        """The same of another target."""
        return CountedPage(below, self.crumbs[0], self._key, self._chosen_view)

    def meant(self, scenario: Scenario) -> Wanted:
        """The fields by which they are counted."""
        fields = fields_of(scenario, self._chosen_view, self._key)
        if not fields:
            raise ValueError("which events this row counts cannot be told by their fields")
        return Wanted(fields=fields)


class TalliesPage(Page):
    """What the panel shows, all of its rows."""

    panel = TALLIES

    def __init__(self, below: Below, command: str, first: Frame) -> None:
        """`first`: what the panel shows now; the same view stays."""
        super().__init__(below, "tallies")
        self._command = command
        self._frame = first

    def of(self, below: Below) -> TalliesPage:
        """The same of another target."""
        return TalliesPage(below, self._command, below.frame())

    @property
    def command(self) -> str:
        """As on the command line."""
        return self._command

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """The columns."""
        look, value = self.below.look, self._frame[TALLIES].value
        if value is None:
            return []
        name = f" {look.signs.dot} ".join(value.columns)
        row = [(name, width - 22, look.dim), (value.noun, -10, look.dim)]
        row.append((value.average_label, -10, look.dim))
        return [Line(cells(row, look))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row each, as it stood when the page was opened."""
        if self._frame[TALLIES].value is None:
            self._frame = frame
        look, value = self.below.look, self._frame[TALLIES].value
        if value is None or not value.rows:
            return [Line((("nothing is counted here yet", look.dim),))]
        return [self._row(row, value.chosen, width) for row in value.rows]

    def _row(self, row: TallyRow, chosen: Chosen, width: int) -> Line:
        look = self.below.look
        name = f" {look.signs.dot} ".join(row.labels)
        average = "" if row.average is None else f"{row.average:.1f}"
        count = f"{row.count:,}" if row.count else ""
        line: list[Cell] = [
            (name, width - 22, look.text),
            (count, -10, look.text),
            (average, -10, look.text),
        ]
        return Line(cells(line, look), opens=lambda: self._behind(name, row.key, chosen))

    def _behind(self, name: str, key: str, chosen: Chosen) -> Page:
        """A row of stored events is one of them; any other counts some."""
        value = self._frame[TALLIES].value
        if value is not None and value.drawn == "lines" and "#" in key:
            tp, _, place = key.rpartition("#")
            partition, offset = tp.rpartition(":")[2], place.partition(".")[0]
            line = LogLine(int(partition), int(offset), 0.0, self._frame.now, "")
            return DocumentPage(self.below, line)
        return CountedPage(self.below, name, key, chosen)
