"""Where the panels stand: a function of the terminal's size, never of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from textual.geometry import Region

from controlroom.layouts import DEFAULT, Layout
from controlroom.panes import arranging
from controlroom.panes.arranging import LEAST
from controlroom.panes.pane import Pane

Kind = Literal["tabs", "two", "three"]
MINIMUM = (60, 15)
PARTS = ("header", "tabs", "booksline", "rule", "strip", "footer", "small")
"""What is on a screen beside the panels."""
_LOWEST = 7
"""Rows that the upper panel of a page has at least."""


@dataclass(frozen=True, slots=True)
class At:
    """A place in a column. The panels of one stand in the order in which they are declared."""

    column: int
    rows: int | Callable[[int], int] | None = None
    """Its height, also as a function of the column's; the one without takes what is left."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A panel of a screen with its places; its number is its place among the others."""

    pane: type[Pane]
    page: int
    """Which page it shares with at most one other where not all fit."""
    two: At
    """Where it stands in two columns."""
    three: At
    """Where it stands in three columns."""
    share: float = 0.0
    """How much of the height of its page it has, as the upper one."""

    @property
    def name(self) -> str:
        """Of the panel."""
        return self.pane.pane_id


@dataclass(frozen=True, slots=True)
class LayoutPlan:
    """Regions of all parts that are shown; what is missing is hidden."""

    kind: Kind
    places: dict[str, Region]
    alone: bool
    """Whether the focused panel has all the room."""


def kind_of(width: int, height: int) -> Kind:
    """Which of the three forms fits."""
    if width >= 180 and height >= 45:
        return "three"
    return "two" if width >= 110 and height >= 34 else "tabs"


def plan(
    slots: Sequence[Slot],
    width: int,
    height: int,
    current: str,
    zoomed: bool,
    layout: Layout = DEFAULT,
) -> LayoutPlan:
    """The places of all parts. `current` is the focused panel, which is always shown."""
    kind = kind_of(width, height)
    places = {"header": Region(0, 0, width, 1), "footer": Region(0, height - 1, width, 1)}
    if kind == "tabs":
        places["tabs"] = Region(0, 1, width, 1)
        places["strip"] = Region(0, height - 2, width, 1)
        places["booksline"] = Region(0, height - 3, width, 1)
        body = Region(0, 2, width, height - 5)
    else:
        places["strip"] = Region(0, height - 3, width, 2)
        places["rule"] = Region(0, height - 4, width, 1)
        body = Region(0, 1, width, height - 5)
    if kind == "tabs":
        panels = _page(slots, body, current, layout)
    elif layout.panels:
        panels = arranging.in_columns(layout, body, 3 if kind == "three" else 2)
    else:
        panels = _columns(slots, body, kind)
    alone = zoomed or current not in panels
    return LayoutPlan(kind, places | ({current: body} if alone else panels), alone)


def page_of(slots: Sequence[Slot], current: str, layout: Layout = DEFAULT) -> tuple[Slot, ...]:
    """The panels that share a page with the focused one."""
    if layout.panels:
        by_name = {one.name: one for one in slots}
        return tuple(by_name[name] for name in arranging.page(layout, current))
    page = next(one.page for one in slots if one.name == current)
    return tuple(one for one in slots if one.page == page)


def _page(slots: Sequence[Slot], body: Region, current: str, layout: Layout) -> dict[str, Region]:
    first, *more = page_of(slots, current, layout)
    if not more:
        return {first.name: body}
    if body.width >= 110 and layout.columns > 1:
        left, right = body.split_vertical(body.width // 2)
        return {first.name: left, more[0].name: right}
    if body.height < _LOWEST + LEAST:
        return {current: body}
    if layout.panels:
        return arranging.stacked(layout, (first.name, more[0].name), body)
    above, below = body.split_horizontal(max(_LOWEST, round(body.height * first.share)))
    return {first.name: above, more[0].name: below}


def _columns(slots: Sequence[Slot], body: Region, kind: Kind) -> dict[str, Region]:
    if kind == "three":
        left, rest = body.split_vertical(round(body.width * 0.33))
        columns = [left, *rest.split_vertical(rest.width // 2)]
    else:
        columns = list(body.split_vertical(round(body.width * 58 / 120)))
    places: dict[str, Region] = {}
    for number, column in enumerate(columns):
        ways = ((one.name, one.three if kind == "three" else one.two) for one in slots)
        places |= _stacked([(name, at) for name, at in ways if at.column == number], column)
    return places


def _stacked(panels: Sequence[tuple[str, At]], column: Region) -> dict[str, Region]:
    """One below the other. What stands below the one that takes what is left has at most half of
    that, and is not shown where this is too little."""
    heights: dict[str, int] = {}
    filler, left = "", column.height
    for name, at in panels:
        if at.rows is None:
            filler, heights[name] = name, 0
            continue
        rows = at.rows if isinstance(at.rows, int) else at.rows(column.height)
        if filler:
            rows = min(rows, left // 2)
        if not filler or rows >= LEAST:
            heights[name] = rows
            left -= rows
    heights[filler] = left
    places, y = {}, column.y
    for name, rows in heights.items():
        places[name] = Region(column.x, y, column.width, rows)
        y += rows
    return places
