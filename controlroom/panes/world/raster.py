"""From outlines to cells of a terminal: which country has which dots of each cell.

A cell has two by four dots, those of a braille sign. Made once for a size and a part of the world.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from controlroom.panes.world.outlines import Box, Outline, Point, outlines

ACROSS, DOWN = 2, 4
"""Dots of a cell."""
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot in a braille sign, by row and column."""
_TALL = 1.35
"""How much higher than wide a degree may be drawn, as maps do far from the equator."""
_BORDERS = 1.6
"""Dots a degree from which land borders are left free."""

Cell = tuple[tuple[str, int], ...]
"""(country, its dots), the one with most dots first; empty for water."""


@dataclass(frozen=True)
class Raster:
    """The cells of a map, and where the middle of each country lies in them."""

    width: int
    rows: Sequence[Sequence[Cell]]
    places: Mapping[str, tuple[int, int]]
    """Country -> column and row of its middle, of those that are seen."""


class _Scale:
    """From degrees to dots."""

    def __init__(self, box: Box, width: int, height: int) -> None:
        wide, high = width * ACROSS, height * DOWN
        across = wide / (box.east - box.west)
        down = min(high / (box.north - box.south), across * _TALL)
        across = min(across, down * _TALL)
        self.down, self.across = down, across
        self._left = (wide - across * (box.east - box.west)) / 2 - box.west * across
        self._top = (high - down * (box.north - box.south)) / 2 + box.north * down

    def dot(self, point: Point) -> Point:
        return point[0] * self.across + self._left, self._top - point[1] * self.down


@lru_cache(maxsize=16)
def raster(box: Box, width: int, height: int) -> Raster:
    """The map of a part of the world in `width` by `height` cells."""
    scale = _Scale(box, width, height)
    found = list(outlines().values())
    wide, high = width * ACROSS, height * DOWN
    dots = [bytearray(wide) for _ in range(high)]
    places = {}
    for number, outline in enumerate(found, 1):
        for ring in outline.rings:
            _fill(dots, [scale.dot(point) for point in ring], number)
    for number, outline in enumerate(found, 1):
        x, y = map(math.floor, scale.dot(outline.middle))
        if 0 <= x < wide and 0 <= y < high:
            places[outline.code] = (x // ACROSS, y // DOWN)
            if not outline.rings:
                dots[y][x] = number
    if scale.across >= _BORDERS:
        _leave_borders(dots)
    rows = [_cells(dots[top : top + DOWN], found) for top in range(0, high, DOWN)]
    return Raster(width, rows, places)


def _fill(dots: list[bytearray], ring: Sequence[Point], number: int) -> None:
    """Gives the dots inside a ring to a country; at least one where it is that small."""
    high, wide = len(dots), len(dots[0])
    crossings: dict[int, list[float]] = defaultdict(list)
    before = ring[-1]
    for point in ring:
        (ax, ay), (bx, by) = (before, point) if before[1] < point[1] else (point, before)
        before = point
        for y in range(max(0, math.ceil(ay - 0.5)), min(high, math.ceil(by - 0.5))):
            crossings[y].append(ax + (y + 0.5 - ay) * (bx - ax) / (by - ay))
    filled = False
    for y, found in crossings.items():
        found.sort()
        for left, right in zip(found[::2], found[1::2], strict=False):
            start, end = max(0, math.ceil(left - 0.5)), min(wide, math.ceil(right - 0.5))
            if start < end:
                dots[y][start:end] = bytes((number,)) * (end - start)
                filled = True
    if not filled:
        x, y = math.floor(ring[0][0]), math.floor(ring[0][1])
        if 0 <= x < wide and 0 <= y < high and not dots[y][x]:
            dots[y][x] = number


def _leave_borders(dots: list[bytearray]) -> None:
    """Frees a dot between two countries."""
    for y, row in enumerate(dots):
        below = dots[y + 1] if y + 1 < len(dots) else row
        for x in range(len(row) - 1):
            here = row[x]
            if here and (0 != row[x + 1] != here or 0 != below[x] != here):
                row[x] = 0


def _cells(rows: Sequence[bytearray], found: Sequence[Outline]) -> list[Cell]:
    cells: list[Cell] = []
    for x in range(0, len(rows[0]), ACROSS):
        owned: Counter[int] = Counter()
        for y, row in enumerate(rows):
            for column in range(ACROSS):
                if number := row[x + column]:
                    owned[number] |= BITS[y][column]
        ordered = sorted(owned.items(), key=lambda each: -each[1].bit_count())
        cells.append(tuple((found[number - 1].code, bits) for number, bits in ordered))
    return cells
