"""Tallies as the room shows them."""

from __future__ import annotations

from dataclasses import dataclass

Chosen = tuple[str, ...]
"""What a screen has selected: a key for each selection, from the first on. What it does not name is
left to the answer."""


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One row or bar: its labels, its count, the mean of the second tally where there is one."""

    labels: tuple[str, ...]
    count: int
    average: float | None = None


@dataclass(frozen=True, slots=True)
class TallyChoice:
    """One thing that can be selected, such as a phase or a match."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected (keys of `Choice`), and what could be."""

    title: str
    choices: tuple[TallyChoice, ...]
    selected: str | None
    more: int = 0
    """Choices beyond those that are listed."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """Rows sorted by count, largest first; `selections` is empty for a table. Of many members only
    the highest are rows."""

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

    @property
    def chosen(self) -> Chosen:
        """What is shown: as it was asked for, or what is there where that is not."""
        return tuple(one.selected for one in self.selections if one.selected is not None)

    @property
    def bars(self) -> bool:
        """Whether the rows are bars of one selection."""
        return bool(self.selections)
