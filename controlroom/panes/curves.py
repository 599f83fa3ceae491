"""One curve of the time panel: its figures at the left, an area or a thin strip at the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.style import Style
from textual.strip import Strip

from controlroom.model.frame import Curve
from controlroom.model.run import TimeMark
from controlroom.panes import plot, text
from controlroom.panes.look import Look
from controlroom.panes.text import Span
from scenarios.limits import Bound, Grade, Limits

_NAME, _NOW, _SCALE = 5, 7, 7
AXIS = _NAME + _NOW + _SCALE + 1
"""Cells of name, figures and tick at the left of a plot."""
LANE = 13
"""Cells of the name of a branch or deployment before them."""
_HALVED = 7
"""Rows from which on half of the scale is named too."""
_ENDS: tuple[tuple[str, Callable[[Sequence[float]], float]], ...] = (("max", max), ("min", min))
_STILL = 2
"""Rows of a curve that is 0 all the time."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve with its figures, one for each dot of the plot; a gap is None."""

    curve: Curve
    figures: Sequence[float | None]
    looked: range = range(0)
    """The columns that the cursor covers; none while nobody looks at a moment."""

    @property
    def strip(self) -> bool:
        """Whether it is a share, which takes one row."""
        return self.curve.name == "success"

    @property
    def known(self) -> list[float]:
        """The figures without the gaps: of the range that is looked at, else all."""
        looked = self.looked if len(self.looked) > 1 else range(len(self.figures))
        return self._known(looked.start, looked.stop)

    @property
    def now(self) -> float | None:
        """The figure at the cursor; without one the newest. None where there is a gap."""
        if self.looked:
            found = self._known(self.looked[-1], self.looked[-1] + 1)
            return min(found, default=None) if self.strip else max(found, default=None)
        return next((f for f in reversed(self.figures[-4:]) if f is not None), None)

    @property
    def mean(self) -> float | None:
        """The mean of a range that is looked at; None without one, and where nothing is known."""
        known = self.known if len(self.looked) > 1 else []
        return sum(known) / len(known) if known else None

    def _known(self, first: int, last: int) -> list[float]:
        return [one for one in self.figures[2 * first : 2 * last] if one is not None]


def heights(curves: Sequence[Drawn], room: int) -> list[int]:
    """Rows of each curve: a share takes one, one that is always 0 few, the others the rest."""
    most = [1 if one.strip else room if any(one.known) else _STILL for one in curves]
    rows = [1] * len(curves)
    left = room - sum(rows)
    while left > 0 and (growing := [n for n, tall in enumerate(rows) if tall < most[n]]):
        least = min(growing, key=lambda n: rows[n])
        rows[least] += 1
        left -= 1
    return rows


class CurveRows:
    """Draws curves of one frame with the same columns and marks."""

    def __init__(
        self, look: Look, limits: Limits, columns: int, width: int, marks: Mapping[int, TimeMark]
    ) -> None:
        """`marks`: column -> the mark whose upright stands in it."""
        self.look = look
        self.columns = columns
        self.width = width
        self._uprights = sorted(n for n, m in marks.items() if not m.sign.startswith("load"))
        self._bounds: Mapping[str, Bound] = {
            "success": limits.success, "p95": limits.p95, "lag": limits.lag
        }  # fmt: skip

    def rows(self, one: Drawn, high: float, tall: int) -> list[Strip]:
        """The curve in `tall` rows, on a scale that ends at `high`."""
        grades = self._grades(one)
        if one.strip:
            lines = [self._strip(one, grades)]
        else:
            draw = plot.area if self.look.signs.braille else plot.plain_area
            lines = draw(one.figures, 0.0, high, self.columns, tall)
        heads = self._heads(one, high, len(lines))
        style: Style = getattr(self.look, one.curve.name, self.look.accent)
        return [
            text.row(
                [*head, *self._line(line, grades, style, one.looked)], self.width, self.look.text
            )
            for head, line in zip(heads, lines, strict=True)
        ]

    def _grades(self, one: Drawn) -> list[Grade]:
        """The worse grade of the two dots of each column."""
        bound = self._bounds.get(one.curve.name)
        if bound is None:
            return [Grade.GOOD] * self.columns
        of = [bound.grade(figure) for figure in one.figures]
        return [max(of[2 * x : 2 * x + 2], default=Grade.GOOD) for x in range(self.columns)]

    def _strip(self, one: Drawn, grades: Sequence[Grade]) -> str:
        cells = []
        for x, grade in enumerate(grades):
            seen = any(figure is not None for figure in one.figures[2 * x : 2 * x + 2])
            cells.append(self.look.signs.strip[grade] if seen else " ")
        return "".join(cells)

    def _heads(self, one: Drawn, high: float, tall: int) -> list[list[Span]]:
        """What stands left of each row: now; the highest and the lowest; the scale."""
        look, known = self.look, one.known
        told = figure_of(one.curve)
        bound = self._bounds.get(one.curve.name)
        grade = Grade.GOOD if bound is None else bound.grade(one.now)
        sign = look.signs.of(grade).strip()
        now = look.signs.none if one.now is None else sign + told(one.now)
        name = {"success": "succ"}.get(one.curve.name, one.curve.name)
        scale = "" if one.strip else scale_of(one.curve, high)
        if one.strip and known and min(known) < 1:
            scale = f"min{short_percent(min(known))}"
        first: list[Span] = [
            (text.fit(name, _NAME), look.title),
            (text.right(now, _NOW), look.of(grade) if grade else look.bright),
            (text.right(scale, _SCALE), look.dim),
        ]
        heads = [first]
        for n, words in enumerate(self._range(one, bound, tall), 1):
            half = n == tall // 2 and tall >= _HALVED
            figure = "0" if n == tall - 1 else scale_of(one.curve, high / 2) if half else ""
            label = text.fit(words, _NAME + _NOW) + text.right(figure, _SCALE)
            heads.append([(label, look.dim)])
        return self._ticked(heads, one.curve.lane)

    def _range(self, one: Drawn, bound: Bound | None, tall: int) -> list[str]:
        """The highest, the lowest and the limit, as far as there are rows below the first."""
        known, told = one.known, figure_of(one.curve)
        if tall == 2 and known:
            words = f"{told(min(known))} {self.look.signs.none} {told(max(known))}"
            return [words if len(words) <= _NAME + _NOW else words.replace(" ", "")]
        width = _NAME + _NOW - 4
        lines = [f"{name} {told(of(known)):>{width}}" for name, of in _ENDS if known]
        if one.mean is not None:
            lines.insert(1, f"avg {told(one.mean):>{width}}")
        if bound is not None and known:
            lines.append(f"{self.look.signs.degraded} at {told(bound.degraded):>{width - 1}}")
        return (lines + [""] * tall)[: tall - 1]

    def _ticked(self, heads: Sequence[list[Span]], lane: str) -> list[list[Span]]:
        look = self.look
        ticked: list[list[Span]] = []
        for n, head in enumerate(heads):
            named = text.fit(text.clean(lane) if n == 0 else "", LANE - 1, look.signs)
            before: list[Span] = [(f"{named} ", look.text)] if lane else []
            ticked.append([*before, *head, (look.signs.tick, look.frame)])
        return ticked

    def _line(self, line: str, grades: Sequence[Grade], style: Style, looked: range) -> list[Span]:
        """The plot in its colour; other colours where it is over a limit, thin uprights where a
        fault or a recovery is and no curve; the cursor, and the other end of a range, over all."""
        look = self.look
        cells: list[Span] = []
        for cell, grade in zip(line, grades, strict=True):
            cells.append((cell, look.of(grade) if grade else style))
        for column in self._uprights:
            if cells[column][0] == " ":
                cells[column] = (look.signs.mark, look.frame)
        for column in {*looked[:1], *looked[-1:]}:
            cells[column] = (look.signs.down, look.bright)
        return [
            ("".join(cell for cell, _ in run), of)
            for of, run in groupby(cells, key=lambda cell: cell[1])
        ]


def figure_of(curve: Curve) -> Callable[[float], str]:
    """How a figure of the curve is written, in at most seven characters."""
    if curve.name == "success":
        return text.percent
    if curve.unit == "ms":
        return _ms
    return text.tally if curve.name == "lag" else text.rate


def scale_of(curve: Curve, figure: float) -> str:
    """The end of the scale, with its unit where there is room."""
    if curve.unit == "ms":
        return f"{figure:g}ms" if figure < 1000 else f"{figure / 1000:g}s"
    return text.short(figure)


def short_percent(share: float) -> str:
    """A share in at most three characters, never rounded up to all."""
    return f"{min(99, int(share * 100))}%"


def _ms(value: float) -> str:
    words = text.latency(value)
    return words if words.endswith("s") else f"{words}ms"
