"""Tallies as the room shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Chosen = tuple[str, ...]
"""What a screen has selected: a key for each selection, from the first on. What it does not name is
left to the answer. Of a scenario with several views the first is the name of one."""
Drawn = Literal["rows", "bars", "map", "lines"]


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One row or bar: its labels, its count, the mean of the second tally where there is one."""

    labels: tuple[str, ...]
    count: int
    average: float | None = None
    key: str = ""
    """As the tally has it."""


@dataclass(frozen=True, slots=True)
class TallyChoice:
    """One thing that can be selected, such as a phase or a match."""

    key: str
    label: str
    by: str = ""
    """Of a view: what is chosen in it. Views with the same share what is chosen."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected (keys of `Choice`), and what could be."""

    title: str
    choices: tuple[TallyChoice, ...]
    selected: str | None
    more: int = 0
    """Choices beyond those that are listed."""
    free: bool = False
    """Whether it is a text that is typed; there are no choices then."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """Rows sorted by count, largest first, or in the order of the view; `selections` is empty where
    nothing can be chosen. Of many members only the highest are rows."""

    columns: tuple[str, ...]
    rows: tuple[TallyRow, ...]
    total: int
    """Events counted over everything, not only over the rows."""
    noun: str
    average_label: str = ""
    selections: tuple[Selection, ...] = ()
    more: int = 0
    """Members beyond the rows."""
    others: int = 0
    """What is counted of members that had no place in the tally."""
    sum: int = 0
    """Counts of all members of this tally, rows or not, with `others`."""

    title: str = ""
    """Of the view; empty where there is one only."""
    remark: str = ""
    """Why nothing is shown of what was chosen."""
    paged: bool = False
    """Whether the first selection is that of a view."""
    drawn: Drawn = "rows"
    """As `scenarios.views.view` has it."""

    @property
    def chosen(self) -> Chosen:
        """What is shown: as it was asked for, or what is there where that is not."""
        return tuple(one.selected for one in self.selections if one.selected is not None)

    @property
    def bars(self) -> bool:
        """Whether the rows are parts of a sum."""
        return self.drawn == "bars"
