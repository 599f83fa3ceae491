"""A plot as SVG within a page: its colours are those of the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from controlroom.reports.document import Plot, Point
from controlroom.reports.scale import Span, extremes, short, thinned, times_of, values_of

WIDTH, HEIGHT = 860, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 24, 30
COLOURS = 6
"""Curves that have a colour of their own; each has a pattern of dashes too."""


def as_svg(plot: Plot) -> str:
    """The picture, with a text that says what it shows to whoever cannot see it."""
    times, values = times_of(plot), values_of(plot)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told(plot))}">',
        *_grid(times, values),
        *_marks(plot, times),
        *(
            part
            for number, points in enumerate(plot.curves.values())
            for part in _curve(number, points, times, values)
        ),
        "</svg>",
    ]
    return "\n".join(parts)


def told(plot: Plot) -> str:
    """What the plot shows, in words."""
    words = []
    for name, points in plot.curves.items():
        found = extremes(points)
        span = "no data" if found is None else f"{short(found[0])} to {short(found[1])}"
        words.append(f"{name} {span}")
    said = f"{plot.title} in {plot.unit} over time: {'; '.join(words) or 'no data'}."
    marks = "; ".join(f"at {short(round(at, 1))} s {text}" for at, text in plot.marks)
    return f"{said} Marks: {marks}." if marks else said


def _grid(times: Span, values: Span) -> list[str]:
    lines = []
    for value in values.ticks():
        y = _y(values, value)
        lines.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text class="at" x="{LEFT - 6}" y="{y + 4:g}">{short(value)}</text>')
    for at in times.ticks(8):
        x = _x(times, at)
        lines.append(f'<text class="when" x="{x}" y="{HEIGHT - 8}">{short(at)} s</text>')
    return lines


def _marks(plot: Plot, times: Span) -> list[str]:
    lines = []
    for number, (at, text) in enumerate(plot.marks, 1):
        x = _x(times, at)
        lines.append(f'<path class="mark" d="M{x} {TOP - 6}V{HEIGHT - BOTTOM}">')
        lines.append(f"<title>{escape(text)}</title></path>")
        lines.append(f'<text class="when" x="{x}" y="{TOP - 10}">{number}</text>')
    return lines


def _curve(number: int, points: Sequence[Point], times: Span, values: Span) -> list[str]:
    """A line for each stretch without a gap, a dot where a stretch is one point."""
    style = f"c{number % COLOURS}"
    lines, stretch = [], []
    for at, value in (*thinned(points), (0.0, None)):
        if value is not None:
            stretch.append((_x(times, at), _y(values, value)))
            continue
        if len(stretch) == 1:
            x, y = stretch[0]
            lines.append(f'<circle class="dot {style}" cx="{x}" cy="{y}" r="2"/>')
        elif stretch:
            line = "L".join(f"{x} {y}" for x, y in stretch)
            lines.append(f'<path class="curve {style}" d="M{line}"/>')
        stretch = []
    return lines


def _x(times: Span, at: float) -> float:
    return round(LEFT + times.share(at) * (WIDTH - LEFT - RIGHT), 1)


def _y(values: Span, value: float) -> float:
    return round(HEIGHT - BOTTOM - values.share(value) * (HEIGHT - TOP - BOTTOM), 1)
