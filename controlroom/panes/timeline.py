"""Time: rate, success, latency and lag over one axis, with the marks in the same columns."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip

from controlroom.model.board import PAST_SECONDS, PAST_STEP
from controlroom.model.frame import GOLDEN, Curve, Frame
from controlroom.model.lanes import METRICS, lanes_of
from controlroom.model.run import TimeMark
from controlroom.panes import plot, text
from controlroom.panes.cursor import Axis, Cursor
from controlroom.panes.curves import AXIS, LANE, CurveRows, Drawn, heights
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.text import Span
from controlroom.panes.traffic import split_run

WINDOWS = (60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 10800.0, 21600.0)
_USUAL = WINDOWS.index(300.0)
_FOOTED = 6
"""Rows from which on marks and axis have one each."""
LEAST = 10.0
"""Seconds of the shortest range that is shown alone."""
_ROOMY, _TOLD = 24, 5
"""Rows from which on marks are told in words too, and how many of them at least."""
Placed = tuple[int, TimeMark]
"""A mark with the column of the plot in which it is."""


class TimePane(Pane):
    """Curves and marks over one time axis: what happened at one time stands in one column."""

    pane_id = "time"
    key = GOLDEN
    engine = "prometheus"
    command = "controlroom metrics"
    keys = (
        ("← → { }", "look at a moment: the column beside, the mark beside; enter opens its run"),
        ("m", "begin a range at that moment; enter shows it alone"),
        ("b ↑ ↓", "curves of each branch of a split, or of each door; more of their figures"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ("left", "look(-1)"),
        ("right", "look(1)"),
        ("left_curly_bracket", "jump(-1)"),
        ("right_curly_bracket", "jump(1)"),
        ("m", "mark"),
        ("b", "part"),
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
        self.cursor = Cursor()
        self._range = 0.0
        """Seconds of a range that is shown alone; 0 where none is."""
        self._last = 0.0
        self.moved: Callable[[], None] = lambda: None
        """Called when the cursor is elsewhere."""

    @property
    def window(self) -> float:
        """Seconds that the axis covers."""
        return self._range or self.usual

    @property
    def usual(self) -> float:
        """Seconds that it covers where no range is shown alone."""
        return WINDOWS[self.choice]

    def widen(self, steps: int) -> None:
        """A longer time with a positive number, the usual one with zero."""
        self._range = 0.0
        wanted = self.choice + steps if steps else _USUAL
        self.choice = max(0, min(len(WINDOWS) - 1, wanted))
        self.redraw()

    def cover(self, seconds: float) -> None:
        """The shortest axis that covers so many seconds, as far as one is long enough."""
        fits = (n for n, window in enumerate(WINDOWS) if window >= seconds)
        self.choice = next(fits, len(WINDOWS) - 1)
        self.travel(0)

    @property
    def _span(self) -> str:
        return _lasting(self.window)

    @property
    def stride(self) -> float:
        """Seconds that one step through time covers."""
        return self.window / 5

    @property
    def past(self) -> bool:
        """Whether the axis stands still somewhere."""
        return self.until is not None

    def travel(self, steps: int) -> None:
        """Moves the axis by so many steps; zero brings it back to now."""
        if not steps:
            self.cursor.clear()
            self._range = 0.0
            self.moved()
        now = self._now
        until = (self.until or now) + steps * self.stride
        past = steps and until < now
        self.until = max(until, now - PAST_SECONDS + self.window) if past else None
        self.redraw()

    @property
    def _now(self) -> float:
        return self.frame.now if self.frame is not None else 0.0

    def action_look(self, step: int) -> None:
        """Looks at the column beside, at the newest one first; the axis stands still meanwhile,
        and moves where the column is beyond its end."""
        if self.frame is None:
            return
        if self.until is None:
            self.until = self._now
        axis = self._drawn_axis(self.frame)
        if self.cursor.at is None:
            self.cursor.at = axis.time(axis.columns - 1)
        else:
            self._look_at(axis.time(axis.column(self.cursor.at) + step))
        self.moved()
        self.redraw()

    def action_jump(self, step: int) -> None:
        """Looks at the next mark, or at the one before."""
        at = self._now if self.cursor.at is None else self.cursor.at
        marks = sorted(mark.at for mark in (self.frame.marks if self.frame is not None else ()))
        beside = [one for one in marks if (one - at) * step > self._beside]
        if beside:
            if self.until is None:
                self.until = self._now
            self._look_at(beside[0] if step > 0 else beside[-1])
            self.moved()
        self.redraw()

    def action_mark(self) -> None:
        """Begins a range where the cursor is, or gives it up."""
        self.cursor.begin()
        self.redraw()

    def enter_range(self) -> bool:
        """Shows the chosen range alone; whether there was one."""
        chosen = self.cursor.span
        if chosen is None:
            return False
        start, self.until = chosen
        self._range = max(self.until - start, LEAST)
        self.cursor.clear()
        self.moved()
        self.redraw()
        return True

    @property
    def looked_at(self) -> TimeMark | None:
        """The mark of the moment that is looked at, the newest where there are several."""
        if self.frame is None or self.cursor.at is None:
            return None
        axis = self._drawn_axis(self.frame)
        column = axis.column(self.cursor.at)
        near = (mark for mark in self.frame.marks if axis.column(mark.at) == column)
        return max(near, key=lambda mark: mark.at, default=None)

    def _look_at(self, at: float) -> None:
        """The axis is moved where it does not show that time."""
        oldest = self._now - PAST_SECONDS
        self.cursor.at = at = min(max(at, oldest), self._now)
        end = self._now if self.until is None else self.until
        if not end - self.window < at <= end:
            self.until = min(self._now, max(at + self.window / 2, oldest + self.window))

    @property
    def _beside(self) -> float:
        """Seconds that a mark is away from the cursor, at least, to be another one."""
        return 2 * self._step(self._columns(max(0, self.size.width - 4)))

    def _drawn_axis(self, frame: Frame) -> Axis:
        columns = self._columns(max(0, self.size.width - 4))
        return Axis(self._end(frame), self._step(columns), columns)

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
        if self.until is not None and self.until > frame.now:
            # a recording that went back has not come there yet
            self.travel(0)
        if first or not 0 <= frame.now - self._last < self.pace:
            self._last = frame.now
            super().show(frame)

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Curves and marks, and which time a dot of the plot stands for now."""
        dot = int(self._end(frame) // self._step(self._columns(max(0, self.size.width - 4))))
        curves = self._lanes(frame) if self.parted else (frame.curves, frame.past)
        return (frame[GOLDEN].health, curves, frame.marks, frame.limits, dot)

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

    def shown(self, frame: Frame) -> tuple[Curve, ...]:
        """The curves that it shows, cut to its time; where a range is looked at, to that."""
        end = self._end(frame)
        start, end = self.cursor.span or (end - self.window, end)
        curves = self._lanes(frame) if self.parted else self._overall(frame)
        return tuple(
            replace(one, points=tuple(each for each in one.points if start <= each[0] <= end))
            for one in curves
        )

    @staticmethod
    def _lanes(frame: Frame) -> tuple[Curve, ...]:
        """Of the branches of the split that is on, else of the deployments."""
        run = split_run(frame)
        return lanes_of(frame.lanes, run.id if run else "") or lanes_of(frame.lanes, "")

    def title(self, frame: Frame, width: int) -> Title:
        dot = self.look.signs.dot
        if self.cursor.at is not None:
            return Title("time", self._told_moment(frame, self.cursor.at))
        if self.until is not None:
            start, end = (_clock(at) for at in (self.until - self.window, self.until))
            return Title("time", f"PAST {start} to {end} {dot} [ ] {dot} L live")
        told = f"{self._span} {dot} + {self.look.signs.minus} 0"
        by = "branch" if self.parted and split_run(frame) else "door" if self.parted else ""
        return Title(f"time by {by}" if by else "time", told)

    def _told_moment(self, frame: Frame, at: float) -> str:
        """The moment, or the range, that is looked at."""
        dot, chosen = self.look.signs.dot, self.cursor.span
        if chosen is not None:
            start, end = chosen
            words = f"{_clock(start)} to {_clock(end)} {dot} {_lasting(end - start)}"
            return f"{words} {dot} enter shows it"
        return f"AT {_clock(at)} {dot} {_lasting(max(0.0, frame.now - at))} ago {dot} L live"

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Keeps the axis while its sources are away; the curves have gaps then."""
        return self.framed(
            frame, self.content(frame, max(0, width - 4), max(0, height - 2)), width, height
        )

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        columns = self._columns(width)
        step, end = self._step(columns), self._end(frame)
        marks = self._places(frame, step, columns)
        foot = 2 if height >= _FOOTED else min(1, height // 4)
        room = height - foot
        curves = self._fitting(self._lanes(frame), room) if self.parted else self._overall(frame)
        fine = self.parted or all(map(operator.is_, curves, frame.curves))
        lasts = 2.0 if fine else float(PAST_STEP)
        looked = self.cursor.columns(Axis(end, step, columns))
        drawn = [
            Drawn(one, self._figures(one, end, step, columns, lasts), looked) for one in curves
        ]
        draw = CurveRows(self.look, frame.limits, columns, width, dict(marks))
        rows: list[Strip] = []
        kept = min(_TOLD, len(frame.marks)) if room >= _ROOMY else 0
        for one, tall in zip(drawn, heights(drawn, room - kept), strict=True):
            # what stands below each other in one figure has one scale
            figures = [f for each in drawn if each.curve.name == one.curve.name for f in each.known]
            rows += draw.rows(one, plot.ceiling(figures, 10.0), tall)
        if not curves:
            rows.append(text.row([("nothing measured yet", self.look.dim)], width, self.look.text))
        rows = rows[: max(0, room)]
        axis = [self._marks(marks, columns, width), self._axis(columns, width)][2 - foot :]
        told = self._told(frame, width)[: max(0, room - len(rows))]
        blank = text.row([], width, self.look.text)
        return [*rows, *axis, *told] + [blank] * (room - len(rows) - len(told))

    def _fitting(self, curves: tuple[Curve, ...], height: int) -> tuple[Curve, ...]:
        """As many metrics as have room, from the chosen one on; at least one."""
        lanes = len({curve.lane for curve in curves})
        most = max(1, height // max(1, lanes))
        top = min(self.top, max(0, len(METRICS) - most))
        shown = list(METRICS)[top : top + most]
        return tuple(curve for curve in curves if curve.name in shown)

    @property
    def _axis_width(self) -> int:
        return AXIS + (LANE if self.parted else 0)

    def _columns(self, width: int) -> int:
        return max(4, width - self._axis_width)

    def _step(self, columns: int) -> float:
        """Seconds that a dot covers; a column has two."""
        return self.window / (2 * columns)

    def _places(self, frame: Frame, step: float, columns: int) -> list[Placed]:
        """The marks of the window with their columns, the oldest first."""
        last = int(self._end(frame) // step)
        dots = ((int(mark.at // step) - last + 2 * columns - 1, mark) for mark in frame.marks)
        return [(dot // 2, mark) for dot, mark in dots if 0 <= dot < 2 * columns]

    @staticmethod
    def _figures(
        curve: Curve, now: float, step: float, columns: int, lasts: float
    ) -> list[float | None]:
        """`lasts`: seconds for which a point stands until the next one."""
        pick = min if curve.name == "success" else max
        figures = plot.buckets(curve.points, now, step, 2 * columns, pick)
        return plot.filled(figures, math.ceil(lasts / step))

    def _marks(self, marks: Sequence[Placed], columns: int, width: int) -> Strip:
        """Each mark with its sign, beside its column where another has that, and its words where
        there is room."""
        spans: list[Span] = [(text.fit("marks", self._axis_width), self.look.dim)]
        at = 0
        for number, (column, mark) in enumerate(marks):
            after = len(marks) - number - 1
            start = min(max(column, at), columns - after - 1)
            if start < at:
                continue
            following = marks[number + 1][0] if after else columns + 1
            sign, style = self._sign(mark)
            room = following - start - 2
            words = " " + text.clean(mark.text)
            words = (
                words if text.width_of(words) <= room else text.fit(words, room, self.look.signs)
            )
            words = words if room > 3 else ""
            spans += [(" " * (start - at), self.look.text), (sign, style), (words, self.look.dim)]
            at = start + 1 + text.width_of(words)
        return text.row(spans, width, self.look.text)

    def _sign(self, mark: TimeMark) -> Span:
        look, signs = self.look, self.look.signs
        return {
            "load": (signs.run, look.accent),
            "load-end": (signs.dot, look.accent),
            "fault": (signs.fault, look.bad),
            "recovered": (signs.good, look.good),
        }[mark.sign]

    def _told(self, frame: Frame, width: int) -> list[Strip]:
        """The marks of the window in words, the newest first, for where rows are left."""
        rows = []
        for mark in reversed(frame.marks):
            if frame.now - mark.at > self.window:
                break
            words = text.fit(text.clean(mark.text), max(0, width - 13), self.look.signs)
            at = f"{text.time_of_day(mark.at)}  "
            spans = [(at, self.look.dim), self._sign(mark), (f"  {words}", self.look.text)]
            rows.append(text.row(spans, width, self.look.text))
        return rows

    def _axis(self, columns: int, width: int) -> Strip:
        cells = [" "] * columns
        amount, _, unit = self._span.partition(" ")
        whole = float(amount)
        parts = 5 if columns >= 30 and whole % 5 == 0 else 4 if columns >= 30 else 2
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


def _lasting(seconds: float) -> str:
    """In the largest unit of which there is one at least."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
