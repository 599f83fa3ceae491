"""Time: rate, success, latency and lag over one axis, with the marks in the same columns."""

from __future__ import annotations

import math
from itertools import pairwise

from rich.style import Style
from textual.strip import Strip

from controlroom.model.frame import GOLDEN, Curve, Frame
from controlroom.model.run import TimeMark
from controlroom.panes import plot, text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.text import Span

WINDOWS = (60.0, 120.0, 300.0, 900.0, 1800.0)
_USUAL = WINDOWS.index(300.0)
_AXIS = 12
"""Cells of name, figure and tick at the left of the plot."""
_SUCCESS_FLOORS = (0.99, 0.97, 0.95, 0.9, 0.75, 0.5, 0.0)


class TimePane(Pane):
    """Curves and marks over one time axis: what happened at one time stands in one column."""

    pane_id = "time"
    key = GOLDEN
    engine = "prometheus"
    command = "controlroom metrics"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.pace = 0.5
        """Seconds between two drawings."""
        self.choice = _USUAL
        self._last = 0.0

    @property
    def window(self) -> float:
        """Seconds that the axis covers."""
        return WINDOWS[self.choice]

    def widen(self, steps: int) -> None:
        """A longer time with a positive number, the usual one with zero."""
        wanted = self.choice + steps if steps else _USUAL
        self.choice = max(0, min(len(WINDOWS) - 1, wanted))
        self.redraw()

    def show(self, frame: Frame) -> None:
        first = self.frame is None
        self.frame = frame
        if first or not 0 <= frame.now - self._last < self.pace:
            self._last = frame.now
            super().show(frame)

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Curves and marks, and which time a dot of the plot stands for now."""
        dot = int(frame.now // self._step(self._columns(max(0, self.size.width - 4))))
        return (frame[GOLDEN].health, frame.curves, frame.marks, dot)

    def title(self, frame: Frame, width: int) -> Title:
        minutes = f"{self.window / 60:g} m"
        return Title("time", f"{minutes} {self.look.signs.dot} + {self.look.signs.minus} 0")

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Keeps the axis while its sources are away; the curves have gaps then."""
        return self.framed(
            frame, self.content(frame, max(0, width - 4), max(0, height - 2)), width, height
        )

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        columns = self._columns(width)
        step = self._step(columns)
        marks = self._places(frame, step, columns)
        curves = frame.curves
        each = max(1, (height - 2) // max(1, len(curves)))
        extra = max(0, height - 2 - each * len(curves))
        rows: list[Strip] = []
        for i, curve in enumerate(curves):
            tall = each + (1 if i < extra else 0)
            rows += self._curve(curve, frame.now, step, columns, tall, marks, width)
        if not curves:
            rows.append(text.row([("nothing measured yet", self.look.dim)], width, self.look.text))
        rows += [text.row([], width, self.look.text)] * max(0, height - 2 - len(rows))
        return [*rows, self._marks(marks, columns, width), self._axis(columns, width)]

    @staticmethod
    def _columns(width: int) -> int:
        return max(4, width - _AXIS)

    def _step(self, columns: int) -> float:
        """Seconds that a dot covers; a column has two."""
        return self.window / (2 * columns)

    def _places(self, frame: Frame, step: float, columns: int) -> dict[int, TimeMark]:
        """Column of the plot -> the newest mark in it."""
        last = int(frame.now // step)
        places: dict[int, TimeMark] = {}
        for mark in frame.marks:
            dot = int(mark.at // step) - last + 2 * columns - 1
            if 0 <= dot < 2 * columns:
                places[dot // 2] = mark
        return places

    def _curve(
        self,
        curve: Curve,
        now: float,
        step: float,
        columns: int,
        tall: int,
        marks: dict[int, TimeMark],
        width: int,
    ) -> list[Strip]:
        look = self.look
        success = curve.name == "success"
        figures = plot.buckets(curve.points, now, step, 2 * columns, min if success else max)
        figures = plot.filled(figures, math.ceil(2 / step))
        low, high = self._scale(curve, figures)
        draw = plot.braille if look.signs.braille else plot.plain
        lines = draw(figures, low, high, columns, tall)
        style: Style = getattr(look, curve.name, look.accent)
        name = {"success": "succ"}.get(curve.name, curve.name)
        rows = []
        for y, line in enumerate(lines):
            label = self._figure(curve, high) if y == 0 else ""
            if y == tall - 1 and tall > 1:
                label = self._figure(curve, low)
            head: list[Span] = [
                (text.fit(name if y == 0 else "", 5), look.title),
                (text.right(label, 5), look.dim),
                (f" {look.signs.tick}", look.frame),
            ]
            rows.append(text.row([*head, *self._with_marks(line, marks, style)], width, look.text))
        return rows

    def _with_marks(self, line: str, marks: dict[int, TimeMark], style: Style) -> list[Span]:
        """The line of the plot; where a fault or a recovery is and no curve, a thin upright."""
        spans: list[Span] = []
        at = 0
        for column in sorted(marks):
            if marks[column].sign.startswith("load") or line[column] != " ":
                continue
            spans += [(line[at:column], style), (self.look.signs.mark, self.look.frame)]
            at = column + 1
        return [*spans, (line[at:], style)]

    @staticmethod
    def _scale(curve: Curve, figures: plot.Figures) -> tuple[float, float]:
        seen = [f for f in figures if f is not None]
        if curve.name == "success":
            worst = min(seen, default=1.0)
            return next((f for f in _SUCCESS_FLOORS if f <= worst), 0.0), 1.0
        return 0.0, plot.ceiling(figures, 10.0)

    @staticmethod
    def _figure(curve: Curve, figure: float) -> str:
        if curve.name == "success":
            return f"{figure * 100:g}%"
        if curve.unit == "ms" and figure:
            return f"{figure:g}ms" if figure < 1000 else f"{figure / 1000:g}s"
        return text.short(figure)

    def _marks(self, marks: dict[int, TimeMark], columns: int, width: int) -> Strip:
        look, signs = self.look, self.look.signs
        kinds = {
            "load": (signs.run, look.accent),
            "load-end": (signs.dot, look.accent),
            "fault": (signs.fault, look.bad),
            "recovered": (signs.good, look.good),
        }
        spans: list[Span] = [(text.fit("marks", _AXIS), look.dim)]
        places = sorted(marks)
        at = 0
        for column, following in pairwise([*places, columns + 1]):
            if column < at:
                continue
            sign, style = kinds[marks[column].sign]
            words = " " + text.clean(marks[column].text)
            room = following - column - 2
            words = words if text.width_of(words) <= room else text.fit(words, room, signs)
            spans += [(" " * (column - at), look.text), (sign, style)]
            spans += [(words if room > 3 else "", look.dim)]
            at = column + 1 + (text.width_of(words) if room > 3 else 0)
        return text.row(spans, width, look.text)

    def _axis(self, columns: int, width: int) -> Strip:
        cells = [" "] * columns
        minutes = self.window / 60
        parts = 5 if columns >= 40 and minutes % 5 == 0 else 4 if columns >= 30 else 2
        for i in range(parts):
            back = minutes * (parts - i) / parts
            label = f"{self.look.signs.minus}{back:g}" + (" m" if i == 0 else "")
            start = round(columns * i / parts)
            cells[start : start + len(label)] = label
        now = "now"
        cells[columns - len(now) : columns] = now
        line = " " * _AXIS + "".join(cells[:columns])
        return text.row([(line, self.look.dim)], width, self.look.text)
