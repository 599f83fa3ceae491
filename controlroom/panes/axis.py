"""One time axis for all of a run: phases, faults and figures, each a lane below the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from rich.style import Style
from textual.strip import Strip

from controlroom.model.story import Second, Stretch
from controlroom.panes import plot, text
from controlroom.panes.look import Look
from controlroom.panes.text import Span

GUTTER = 17
"""Cells of name, figure and tick at the left of each lane."""
FLAT = 2
"""Rows of a share at most: it is nearly always a line at the top."""
_NAME, _FIGURE = 8, 7
_SUCCESS_FLOORS = (0.99, 0.97, 0.95, 0.9, 0.75, 0.5, 0.0)
Points = Sequence[tuple[float, float | None]]
Columns = tuple[int, int]
"""The first column of a stretch, and the one after its last."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A figure over time."""

    name: str
    points: Points
    unit: str = ""
    """`ms`, `share` or nothing."""
    style: str = "accent"
    """The name of its colour in the look."""
    top: float = 0.0
    worst: float = 1.0
    """What its scale holds at least, of shares the worst; for pictures side by side."""


def lanes_of(seconds: Sequence[Second]) -> list[Lane]:
    """Those of a run that have any figure, the most telling first."""
    found: list[Lane] = []
    for name, field, unit, style in (
        ("load", "rps", "", "rps"),
        ("success", "success", "share", "success"),
        ("p95", "p95", "ms", "p95"),
        ("lag", "lag", "", "lag"),
        ("g succ", "golden_success", "share", "success"),
        ("g p95", "golden_p95", "ms", "p95"),
        ("g rps", "golden_rps", "", "rps"),
    ):
        points = [(one.at, getattr(one, field)) for one in seconds]
        if any(value is not None for _, value in points):
            found.append(Lane(name, points, unit, style))
    return found


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch with words."""

    columns: Columns
    words: tuple[str, ...]
    """What it is called, the longest first."""
    fill: str
    """What stands where no word is."""
    style: Style


class Axis:
    """A stretch of time, and how many cells stand for it."""

    def __init__(self, look: Look, since: float, until: float, width: int, now: float) -> None:
        """`now` is where what goes on ends in the picture."""
        self.look = look
        self.since = since
        self.until = max(until, since + 1.0)
        self.now = min(now, self.until)
        self.width = width
        self.columns = max(8, width - GUTTER)
        self.step = (self.until - self.since) / (2 * self.columns - 1)
        """Seconds that a dot covers; a column has two."""
        self._last = int(self.until // self.step)

    def column(self, at: float) -> int:
        """Where a moment stands, also beyond the edges."""
        return (int(at // self.step) - self._last + 2 * self.columns - 1) // 2

    def span(self, one: Stretch) -> Columns | None:
        """The columns of a stretch, at least one; None where it is not in the picture."""
        first = self.column(one.since)
        end = self.column(self.now if one.until is None else one.until)
        if end < 0 or first >= self.columns:
            return None
        first, end = max(0, first), min(self.columns, end)
        return first, max(end, first + 1)

    def row(
        self, name: str, figure: str, cells: Sequence[Span], style: Style | None = None
    ) -> Strip:
        """A lane of one row: name and figure, then what stands on the axis."""
        look = self.look
        head: list[Span] = [
            (text.fit(f" {name}", _NAME), look.dim),
            (text.right(figure, _FIGURE), style or look.bright),
            (f" {look.signs.tick}", look.frame),
        ]
        return text.row([*head, *cells], self.width, look.text)

    def labels(self, name: str, figure: str, bands: Sequence[Band]) -> Strip:
        """A lane of bands, in order; where the words have no room their short form stands."""
        spans: list[Span] = []
        at = 0
        for band in bands:
            first, end = max(band.columns[0], at), band.columns[1]
            if end <= first:
                continue
            # a word that fills its band would run into the next one
            room = end - first
            label = next((w for w in band.words if text.width_of(w) < max(room, 2)), "")
            rest = band.fill * (end - first - text.width_of(label))
            spans += [(" " * (first - at), self.look.text), (label + rest, band.style)]
            at = end
        return self.row(name, figure, spans)

    def curve(self, lane: Lane, tall: int, shaded: Sequence[Columns]) -> list[Strip]:
        """The figures of a lane in `tall` rows: the newest beside the name, below it the top of the
        scale. Shaded columns are those of a fault."""
        look = self.look
        pick: Callable[[float, float], float] = min if lane.unit == "share" else max
        figures: Sequence[float | None] = plot.filled(
            plot.buckets(lane.points, self.until, self.step, 2 * self.columns, pick),
            math.ceil(1.6 / self.step),
        )
        low, high = scale_of(lane, figures)
        draw = plot.area if look.signs.braille else plot.plain_area
        style: Style = getattr(look, lane.style)
        newest = next((v for at, v in reversed(lane.points) if at <= self.until), None)
        rows = []
        for y, line in enumerate(draw(figures, low, high, self.columns, tall)):
            if y == 0:
                name, label, tone = lane.name, figure_of(newest, lane.unit, look), look.bright
            else:
                name, tone = "", look.dim
                last, share = y == tall - 1, lane.unit == "share"
                label = f"to {text.short(high)}" if y == 1 and not share else ""
                label = f"{low * 100 if share else low:g}" if last and (share or y > 1) else label
            rows.append(
                self.row(name, label, _shaded(line, shaded, style, look.palette.raised), tone)
            )
        return rows

    def ruler(self, moments: Sequence[tuple[float, str]]) -> Strip:
        """What time it is where; a label that has no room is left out."""
        cells = [" "] * self.columns
        taken = 0
        for at, label in moments:
            first = min(max(0, self.column(at)), self.columns - len(label))
            if first >= taken and first >= 0:
                cells[first : first + len(label)] = label
                taken = first + len(label) + 1
        return text.row(
            [(" " * GUTTER, self.look.dim), ("".join(cells), self.look.dim)],
            self.width, self.look.text,
        )  # fmt: skip


def heights(lanes: Sequence[Lane], rows: int) -> list[int]:
    """Rows of each lane, at least one; shares have few of them."""
    found = [1] * len(lanes)
    shares = [lane.unit == "share" for lane in lanes]
    for n in cycle(range(len(lanes))):
        if sum(found) >= rows or (all(shares) and found[n] >= FLAT):
            break
        if not shares[n] or found[n] < FLAT:
            found[n] += 1
    return found


def scale_of(lane: Lane, figures: plot.Figures) -> tuple[float, float]:
    """The lowest and the highest figure that the plot can show."""
    if lane.unit == "share":
        worst = min([lane.worst, *(f for f in figures if f is not None)])
        return next((f for f in _SUCCESS_FLOORS if f <= worst), 0.0), 1.0
    return 0.0, plot.ceiling([*figures, lane.top], 10.0)


def figure_of(value: float | None, unit: str, look: Look) -> str:
    """A figure in at most seven cells."""
    if value is None:
        return look.signs.none
    if unit == "share":
        return f"{value * 100:.4g}%"
    if unit == "ms" and value:
        words = text.latency(value)
        return words if words.endswith("s") else f"{words}ms"[:7]
    return text.short(value)


def ticks(since: float, until: float, columns: int) -> list[tuple[float, str]]:
    """Round times from the start on, as many as have room, and when it began."""
    length = max(1.0, until - since)
    step = next(
        (s for s in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600) if length / s * 9 <= columns),
        7200,
    )
    found = [(since, text.time_of_day(since))]
    at = step
    while at <= length:
        found.append((since + at, f"+{_back(at)}"))
        at += step
    return found


def _back(seconds: int) -> str:
    """`50 s`, `1:10`, `5 m`, `2 h`."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds % 60:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 60} m" if seconds % 3600 else f"{seconds // 3600} h"


def _shaded(line: str, shaded: Sequence[Columns], style: Style, ground: str) -> list[Span]:
    """The line of a plot, with another ground where something was injected."""
    spans: list[Span] = []
    at = 0
    for first, end in sorted(shaded):
        first = max(first, at)
        if end <= first:
            continue
        spans += [
            (line[at:first], style),
            (line[first:end], style + Style(bgcolor=ground)),
        ]
        at = end
    return [*spans, (line[at:], style)]
