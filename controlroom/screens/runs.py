"""The page of all runs: load, faults, splits and experiments, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from controlroom.model.frame import RUNS, Frame
from controlroom.panes.runs import RunList, empty, heads, row
from controlroom.screens.covering import OF_PAGES, HelpRow
from controlroom.screens.page import Below, Line, Many
from controlroom.screens.run import ACTING, ComparePage, Hands, OfRuns, RunPage, runs_of

KEYS = (
    ("enter", "one run by itself: its figures over time, arms and verdict of an experiment"),
    ("E", "start an experiment: choose, see its plan and what it would hit, confirm"),
    ("space c", "mark runs; compare two of them side by side"),
    ("x", "end a run, after a question"),
    ("D", "remove the marked runs, or that under the cursor, after a question"),
    ("/", "runs that hold all words, such as `experiment finished !paths`"),
    ("s S", "another order; the other way round"),
    ("a", "also the runs that experiments began, or not"),
    ("← → 0", "in an experiment: one block alone, or all of them"),
)
"""Keys of these pages, for the help."""


class RunsPage(OfRuns):
    """The list; the cursor stays on its run while others come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("space", "mark"),
        ("c", "compare"),
        ("x", "end"),
        ("D", "remove"),
        ("slash", "filter"),
        ("s", "sort"),
        ("S", "reverse"),
        ("a", "parts"),
        ("E", "begin"),
    ]
    keys = (
        ("E", "experiment"), ("x", "end"), ("space", "mark"), ("c", "compare"), ("D", "remove"),
        ("/", "filter"), ("s", "sort"), ("a", "parts"),
    )  # fmt: skip

    def __init__(self, below: Below, hands: Hands) -> None:
        super().__init__(below, hands, "runs")
        self.list = RunList()

    @property
    def command(self) -> str:
        return "controlroom runs list"

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """In more words than its footer has room for; what is refused is not offered."""
        acts = ACTING if self.below.frame().read_only else ()
        return (*(one for one in KEYS if one[0] not in acts), *OF_PAGES)

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """Names of the columns, how many, in which order."""
        left, after = heads(self.below.look, runs_of(frame), self.list, width)
        return [Line(tuple(left), tuple(after))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row for each run."""
        look, runs = self.below.look, runs_of(frame)
        rows = self.list.rows(runs)
        if not rows and frame[RUNS].value is None:
            return ()
        if not rows:
            return [Line(((empty(runs, self.list), look.dim),))]
        self._chosen = self.list.place(runs)

        def line(place: int) -> Line:
            run = rows[place]
            spans, after = row(look, run, self.list, frame.now, width)
            return Line(
                tuple(spans), tuple(after), lambda: RunPage(self.below, self.hands, run.id), run.id
            )

        return Many(len(rows), line)

    def action_move(self, step: int) -> None:
        """The cursor is that of a run, not of a row."""
        rows = self.list.rows(runs_of(self.below.frame()))
        if rows:
            at = self.list.place(runs_of(self.below.frame())) + step
            self.list.at = rows[max(0, min(at, len(rows) - 1))].id
            self.draw()

    def action_mark(self) -> None:
        """Marks the run, or takes the mark away; goes on to the next."""
        if self.list.at:
            self.list.mark(self.list.at)
            self.action_move(1)

    def action_compare(self) -> None:
        """The two that are marked."""
        if len(self.list.marked) == 2:
            self.open(ComparePage(self.below, self.hands, *self.list.marked))
        else:
            self.app.notify("Mark two runs by space; c compares them.", markup=False)

    def action_end(self) -> None:
        """Ends the run under the cursor, after a question."""
        self.end(self.list.at)

    def action_remove(self) -> None:
        """Removes the marked runs, or else the one under the cursor, after a question."""
        runs = tuple(self.list.marked) or tuple(filter(None, [self.list.at]))
        if runs and not self.refused("remove_runs"):
            self.hands.remove(runs)

    def action_filter(self) -> None:
        """Only runs that hold some words."""

        def found(needle: str) -> None:
            self.list.needle = needle
            self.draw()

        self.hands.needle(self.list.needle, found)

    def action_sort(self) -> None:
        """The next order."""
        self.list.next_sort()
        self.draw()

    def action_reverse(self) -> None:
        """The same order the other way round."""
        self.list.reverse = not self.list.reverse
        self.draw()

    def action_parts(self) -> None:
        """With the runs that experiments began, or without."""
        self.list.parts = not self.list.parts
        self.draw()

    def action_begin(self) -> None:
        """Starts an experiment, after a plan and a question."""
        if not self.refused("experiment"):
            self.hands.begin()
