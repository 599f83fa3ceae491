"""Curves as characters: areas of braille, eight dots a cell; in ASCII three levels a cell."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice

Figures = Sequence[float | None]
_BELOW = ((0x40, 0x44, 0x46, 0x47), (0x80, 0xA0, 0xB0, 0xB8))
"""Bits of the left and the right column that is filled up to each of its four dots."""
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Ends of scales, times a power of ten."""


def buckets(
    points: Sequence[tuple[float, float | None]],
    end: float,
    step: float,
    count: int,
    pick: Callable[[float, float], float] = max,
) -> list[float | None]:
    """The figure that `pick` prefers in each of `count` steps of `step` seconds, of which the
    last ends at the first multiple of `step` after `end`.

    Steps are multiples of `step` since the epoch, so that a curve moves by whole columns.
    """
    last = int(end // step)
    found: list[float | None] = [None] * count
    # points are in order, and those before the first step are most of a long recording
    first = bisect_left(points, ((last - count + 1) * step,))
    for at, figure in islice(points, first, None):
        place = int(at // step) - last + count - 1
        if figure is None or not 0 <= place < count:
            continue
        seen = found[place]
        found[place] = figure if seen is None else pick(seen, figure)
    return found


def filled(figures: Figures, reach: int) -> list[float | None]:
    """Gaps of at most `reach` steps between two figures take the earlier figure."""
    result = list(figures)
    last: int | None = None
    for i, figure in enumerate(figures):
        if figure is None:
            continue
        if last is not None and 1 < i - last <= reach + 1:
            for gap in range(last + 1, i):
                result[gap] = figures[last]
        last = i
    return result


def ceiling(figures: Figures, least: float) -> float:
    """The smallest round figure that holds all, so that a curve uses most of its height."""
    top = max((f for f in figures if f is not None), default=least)
    power = 10.0 ** math.floor(math.log10(least))
    while True:
        for step in _ROUND:
            limit = step * power
            if limit >= max(top, least):
                return limit
        power *= 10


def area(figures: Figures, low: float, high: float, width: int, height: int) -> list[str]:
    """`2 * width` figures as `height` strings of `width` cells, filled below in braille; a gap
    where there is no figure."""
    cells = [[0] * width for _ in range(height)]
    top = height * 4 - 1
    for x, figure in enumerate(figures[: 2 * width]):
        if figure is None:
            continue
        whole, rest = divmod(_level(figure, low, high, top), 4)
        column = _BELOW[x % 2]
        for row in range(whole):
            cells[height - 1 - row][x // 2] |= column[3]
        cells[height - 1 - whole][x // 2] |= column[rest]
    return ["".join(chr(0x2800 + c) if c else " " for c in line) for line in cells]


def plain_area(figures: Figures, low: float, high: float, width: int, height: int) -> list[str]:
    """The same in ASCII: `_`, `=` and `#` are the three levels of a cell."""
    cells = [[" "] * width for _ in range(height)]
    top = height * 3 - 1
    for x in range(width):
        pair = [f for f in figures[2 * x : 2 * x + 2] if f is not None]
        if not pair:
            continue
        whole, rest = divmod(_level(max(pair), low, high, top), 3)
        for row in range(whole):
            cells[height - 1 - row][x] = "#"
        cells[height - 1 - whole][x] = "_=#"[rest]
    return ["".join(line) for line in cells]


def _level(figure: float, low: float, high: float, top: int) -> int:
    share = (figure - low) / (high - low) if high > low else 0.0
    return round(min(1.0, max(0.0, share)) * top)
