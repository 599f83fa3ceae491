"""Time: rate, success, latency and lag over one axis, with the marks in the same columns."""

from __future__ import annotations

import math
import operator
import time
from dataclasses import replace
from itertools import groupby, pairwise
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.strip import Strip

from controlroom.model.board import PAST_SECONDS, PAST_STEP
from controlroom.model.frame import GOLDEN, Curve, Frame
from controlroom.model.lanes import METRICS, lanes_of
from controlroom.model.run import TimeMark
from controlroom.panes import plot, text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.text import Span
from controlroom.panes.traffic import split_run

WINDOWS = (60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 10800.0, 21600.0)
_USUAL = WINDOWS.index(300.0)
_AXIS = 12
"""Cells of name, figure and tick at the left of the plot."""
_LANE = 13
"""Cells of the name of a branch or deployment before them."""
_SUCCESS_FLOORS = (0.99, 0.97, 0.95, 0.9, 0.75, 0.5, 0.0)


class TimePane(Pane):
    """Curves and marks over one time axis: what happened at one time stands in one column."""

    pane_id = "time"
    key = GOLDEN
    engine = "prometheus"
    command = "controlroom metrics"
    keys = (
        ("← →", "curves of each branch of a split, or of each door; of all together"),
        ("↑ ↓", "more of their figures"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ("left", "part"),
        ("right", "part"),
        ("up", "scroll(-1)"),
        ("down", "scroll(1)"),
    ]
    parted = False
    """Whether each branch or deployment has curves of its own."""
    top = 0
    """The first of their metrics that is shown."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.pace = 0.5
        """Seconds between two drawings."""
        self.choice = _USUAL
        self.until: float | None = None
        """Where the axis ends, seconds since the epoch; None is now."""
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

    @property
    def _span(self) -> str:
        hours = self.window >= 3600
        return f"{self.window / 3600:g} h" if hours else f"{self.window / 60:g} m"

    @property
    def stride(self) -> float:
        """Seconds that one step through time covers."""
        return self.window / 5

    def travel(self, steps: int) -> None:
        """Moves the axis by so many steps; zero brings it back to now."""
        now = self.frame.now if self.frame is not None else 0.0
        until = (self.until or now) + steps * self.stride
        past = steps and until < now
        self.until = max(until, now - PAST_SECONDS + self.window) if past else None
        self.redraw()

    def action_part(self) -> None:
        """Curves of each, or of all together again."""
        self.parted = not self.parted
        self.redraw()

    def action_scroll(self, step: int) -> None:
        """Other metrics, where there is no room for all."""
        self.top = max(0, min(len(METRICS) - 1, self.top + step))
        self.redraw()

    def show(self, frame: Frame) -> None:
        first = self.frame is None
        self.frame = frame
        if first or not 0 <= frame.now - self._last < self.pace:
            self._last = frame.now
            super().show(frame)

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Curves and marks, and which time a dot of the plot stands for now."""
        dot = int(self._end(frame) // self._step(self._columns(max(0, self.size.width - 4))))
        curves = self._lanes(frame) if self.parted else (frame.curves, frame.past)
        return (frame[GOLDEN].health, curves, frame.marks, dot)

    def _end(self, frame: Frame) -> float:
        return frame.now if self.until is None else self.until

    def _overall(self, frame: Frame) -> tuple[Curve, ...]:
        """The curves; before the first point of each the coarse ones, where the axis shows them."""
        start = self._end(frame) - self.window

        def whole(fine: Curve, coarse: Curve) -> Curve:
            first = fine.points[0][0] if fine.points else math.inf
            older = tuple(point for point in coarse.points if start <= point[0] < first)
            return replace(fine, points=(*older, *fine.points)) if older else fine

        if not frame.past:
            return frame.curves
        return tuple(map(whole, frame.curves, frame.past))

    @staticmethod
    def _lanes(frame: Frame) -> tuple[Curve, ...]:
        """Of the branches of the split that is on, else of the deployments."""
        run = split_run(frame)
        return lanes_of(frame.lanes, run.id if run else "") or lanes_of(frame.lanes, "")

    def title(self, frame: Frame, width: int) -> Title:
        dot = self.look.signs.dot
        if self.until is not None:
            start, end = (_clock(at) for at in (self.until - self.window, self.until))
            return Title("time", f"PAST {start} to {end} {dot} [ ] {dot} n now")
        told = f"{self._span} {dot} + {self.look.signs.minus} 0"
        by = "branch" if self.parted and split_run(frame) else "door" if self.parted else ""
        return Title(f"time by {by}" if by else "time", told)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Keeps the axis while its sources are away; the curves have gaps then."""
        return self.framed(
            frame, self.content(frame, max(0, width - 4), max(0, height - 2)), width, height
        )

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        columns = self._columns(width)
        step, end = self._step(columns), self._end(frame)
        marks = self._places(frame, step, columns)
        curves = self._overall(frame)
        if self.parted:
            curves = self._fitting(self._lanes(frame), height - 2)
        fine = self.parted or all(map(operator.is_, curves, frame.curves))
        lasts = 2.0 if fine else float(PAST_STEP)
        each = max(1, (height - 2) // max(1, len(curves)))
        extra = max(0, height - 2 - each * len(curves))
        rows: list[Strip] = []
        # what stands below each other in one figure has one scale
        for _, group in groupby(curves, key=lambda curve: curve.name):
            several = list(group)
            figures = [self._figures(curve, end, step, columns, lasts) for curve in several]
            scale = self._scale(several[0], [figure for one in figures for figure in one])
            for curve, own in zip(several, figures, strict=True):
                tall = each + (1 if extra > 0 else 0)
                extra -= 1
                rows += self._curve(curve, own, scale, columns, tall, marks, width)
        if not curves:
            rows.append(text.row([("nothing measured yet", self.look.dim)], width, self.look.text))
        rows += [text.row([], width, self.look.text)] * max(0, height - 2 - len(rows))
        return [*rows, self._marks(marks, columns, width), self._axis(columns, width)]

    def _fitting(self, curves: tuple[Curve, ...], height: int) -> tuple[Curve, ...]:
        """As many metrics as have room, from the chosen one on; at least one."""
        lanes = len({curve.lane for curve in curves})
        most = max(1, height // max(1, lanes))
        top = min(self.top, max(0, len(METRICS) - most))
        shown = list(METRICS)[top : top + most]
        return tuple(curve for curve in curves if curve.name in shown)

    @property
    def _axis_width(self) -> int:
        return _AXIS + (_LANE if self.parted else 0)

    def _columns(self, width: int) -> int:
        return max(4, width - self._axis_width)

    def _step(self, columns: int) -> float:
        """Seconds that a dot covers; a column has two."""
        return self.window / (2 * columns)

    def _places(self, frame: Frame, step: float, columns: int) -> dict[int, TimeMark]:
        """Column of the plot -> the newest mark in it."""
        last = int(self._end(frame) // step)
        places: dict[int, TimeMark] = {}
        for mark in frame.marks:
            dot = int(mark.at // step) - last + 2 * columns - 1
            if 0 <= dot < 2 * columns:
                places[dot // 2] = mark
        return places

    @staticmethod
    def _figures(
        curve: Curve, now: float, step: float, columns: int, lasts: float
    ) -> list[float | None]:
        """`lasts`: seconds for which a point stands until the next one."""
        pick = min if curve.name == "success" else max
        figures = plot.buckets(curve.points, now, step, 2 * columns, pick)
        return plot.filled(figures, math.ceil(lasts / step))

    def _curve(
        self,
        curve: Curve,
        figures: plot.Figures,
        scale: tuple[float, float],
        columns: int,
        tall: int,
        marks: dict[int, TimeMark],
        width: int,
    ) -> list[Strip]:
        look = self.look
        low, high = scale
        draw = plot.braille if look.signs.braille else plot.plain
        lines = draw(figures, low, high, columns, tall)
        style: Style = getattr(look, curve.name, look.accent)
        name = {"success": "succ"}.get(curve.name, curve.name)
        rows = []
        for y, line in enumerate(lines):
            label = self._figure(curve, high) if y == 0 else ""
            if y == tall - 1 and tall > 1:
                label = self._figure(curve, low)
            lane = text.fit(text.clean(curve.lane) if y == 0 else "", _LANE - 1, look.signs)
            head: list[Span] = [
                (f"{lane} " if curve.lane else "", look.text),
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
        spans: list[Span] = [(text.fit("marks", self._axis_width), look.dim)]
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
        amount, _, unit = self._span.partition(" ")
        whole = float(amount)
        parts = 5 if columns >= 40 and whole % 5 == 0 else 4 if columns >= 30 else 2
        now = "now" if self.until is None else _clock(self.until)
        for i in range(parts):
            back = whole * (parts - i) / parts
            label = f"{self.look.signs.minus}{back:g}" + (f" {unit}" if i == 0 else "")
            start = round(columns * i / parts)
            if start + len(label) < columns - len(now):
                cells[start : start + len(label)] = label
        cells[columns - len(now) : columns] = now
        line = " " * self._axis_width + "".join(cells[:columns])
        return text.row([(line, self.look.dim)], width, self.look.text)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
