"""By which column the rows of a panel are sorted, and which way round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from controlroom.panes.signs import Signs

T = TypeVar("T")
Cell = str | float | None


class Order:
    """None at first: the rows stand as the source has them."""

    def __init__(self, *columns: str) -> None:
        """`columns` are the names of the header, the first that of the rows themselves."""
        self.columns = columns
        self.by = ""
        """The column; empty while nothing is sorted."""
        self.up = True
        """Whether the least comes first."""

    def next(self, shown: Sequence[str] = ()) -> None:
        """The next column of those that are shown, and after the last one none. Names begin with
        the first of the alphabet, figures with the highest."""
        every = ["", *(shown or self.columns)]
        at = every.index(self.by) if self.by in every else 0
        self.by = every[(at + 1) % len(every)]
        self.up = self.by == self.columns[0]

    def turn(self) -> None:
        """The same column the other way round."""
        self.up = not self.up

    def words(self, signs: Signs) -> str:
        """For the title of the panel, such as `by cpu ▼`; empty while nothing is sorted."""
        return f"by {self.by} {self._sign(signs)}" if self.by else ""

    def _sign(self, signs: Signs) -> str:
        return signs.ascending if self.up else signs.descending

    def head(self, column: str, signs: Signs) -> str:
        """The name of a column; that which is sorted by has a sign: after the first one, which
        begins at the left, before the others, which end at the right."""
        if column != self.by:
            return column
        sign = self._sign(signs)
        return f"{column}{sign}" if column == self.columns[0] else f"{sign}{column}"

    def sorted(self, rows: Iterable[T], cell: Callable[[T, str], Cell]) -> list[T]:
        """The rows; those without a figure are the last ones, whichever way round."""
        if not self.by:
            return list(rows)
        cells = [(cell(row, self.by), row) for row in rows]
        known = [each for each in cells if each[0] is not None]
        known.sort(key=lambda each: _comparable(each[0]), reverse=not self.up)
        return [row for _, row in known] + [row for figure, row in cells if figure is None]


def _comparable(cell: Cell) -> tuple[float, str]:
    return (0.0, cell.casefold()) if isinstance(cell, str) else (cell or 0.0, "")
