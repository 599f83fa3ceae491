"""Where the panels of a layout stand: in columns, each with heights by weight; or page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from textual.geometry import Region

from controlroom.layouts import Layout

LEAST = 4
"""Rows below which a panel is not shown beside others."""


def in_columns(layout: Layout, body: Region, most: int) -> dict[str, Region]:
    """The places of its panels in at most `most` columns of equal width; those for which there is
    no height are left out, the last ones first."""
    groups = _grouped(layout, min(most, layout.columns, len(layout.panels)))
    places: dict[str, Region] = {}
    for number, group in enumerate(groups):
        left = body.x + body.width * number // len(groups)
        right = body.x + body.width * (number + 1) // len(groups)
        column = Region(left, body.y, right - left, body.height)
        places |= stacked(layout, group, column)
    return places


def stacked(layout: Layout, panels: Sequence[str], column: Region) -> dict[str, Region]:
    """One below the other, each as high as its weight says and at least `LEAST` rows."""
    panels = panels[: max(1, column.height // LEAST)]
    spare = column.height - LEAST * len(panels)
    if spare < 0:
        return {panels[0]: column}
    weights = [layout.weight(name) for name in panels]
    places, y, done = {}, column.y, 0
    for n, name in enumerate(panels):
        done += weights[n]
        end = column.y + LEAST * (n + 1) + spare * done // sum(weights)
        places[name] = Region(column.x, y, column.width, end - y)
        y = end
    return places


def page(layout: Layout, current: str) -> tuple[str, ...]:
    """The panels that share a small screen with the focused one: two by two, in their order. One
    that the layout does not show is alone."""
    if current not in layout.panels:
        return (current,)
    first = layout.panels.index(current) // 2 * 2
    return layout.panels[first : first + 2]


def _grouped(layout: Layout, count: int) -> list[Sequence[str]]:
    """Its panels, in their order, in so many groups of weights as equal as can be."""
    panels = layout.panels

    def heaviest(cuts: tuple[int, ...]) -> int:
        return max(sum(map(layout.weight, panels[a:b])) for a, b in pairwise(cuts))

    every: Iterator[tuple[int, ...]]
    every = ((0, *cuts, len(panels)) for cuts in combinations(range(1, len(panels)), count - 1))
    best = min(every, key=heaviest)
    return [panels[a:b] for a, b in pairwise(best)]
