"""Curves as characters: braille with eight dots a cell, or three levels a cell in ASCII."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Figures = Sequence[float | None]
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Bits of the left and the right column, from the lowest dot up."""


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
    for at, figure in points:
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
    """The smallest 1, 2 or 5 times a power of ten that holds all figures."""
    top = max((f for f in figures if f is not None), default=least)
    limit = least
    steps = (2.0, 2.5, 2.0)
    i = 0
    while limit < top:
        limit *= steps[i % 3]
        i += 1
    return limit


def braille(figures: Figures, low: float, high: float, width: int, height: int) -> list[str]:
    """`2 * width` figures as `height` strings of `width` cells; a gap where there is no figure."""
    cells = [[0] * width for _ in range(height)]
    top = height * 4 - 1
    before: int | None = None
    for x, figure in enumerate(figures[: 2 * width]):
        if figure is None:
            before = None
            continue
        y = _level(figure, low, high, top)
        start = y if before is None or before == y else before + (1 if y > before else -1)
        for dot in range(min(start, y), max(start, y) + 1):
            cells[height - 1 - dot // 4][x // 2] |= _DOTS[x % 2][dot % 4]
        before = y
    return ["".join(chr(0x2800 + c) if c else " " for c in line) for line in cells]


def plain(figures: Figures, low: float, high: float, width: int, height: int) -> list[str]:
    """The same in ASCII: `_`, `-` and `'` are the three levels of a cell."""
    cells = [[" "] * width for _ in range(height)]
    top = height * 3 - 1
    for x in range(width):
        pair = [f for f in figures[2 * x : 2 * x + 2] if f is not None]
        if pair:
            level = _level(max(pair), low, high, top)
            cells[height - 1 - level // 3][x] = "_-'"[level % 3]
    return ["".join(line) for line in cells]


def _level(figure: float, low: float, high: float, top: int) -> int:
    share = (figure - low) / (high - low) if high > low else 0.0
    return round(min(1.0, max(0.0, share)) * top)
