"""Traffic seen closer: each route and neighbour, and the latest failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from textual.strip import Strip

from controlroom.model.frame import ROUTES, Curve, Frame
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span
from scenarios.limits import Grade, Limits

_MOST_FAILURES = 8
_WAYS = {"inbound": "in", "outbound": "out"}
Failure = tuple[float, float, float]
"""When it began, when it ended, and the lowest share of success meanwhile."""


class Figures(Protocol):
    """What a row of golden metrics has, whatever it is of."""

    @property
    def success(self) -> float | None: ...
    @property
    def rps(self) -> float | None: ...
    @property
    def p50(self) -> float | None: ...
    @property
    def p95(self) -> float | None: ...
    @property
    def p99(self) -> float | None: ...


def cells(row: Figures, look: Look, limits: Limits, slow: bool) -> list[Span]:
    """Success, rate and latencies in columns of fixed width, with signs of what is over a limit;
    `slow`: whether that of the latency holds too."""
    none = look.signs.none
    style = look.dim if row.rps is None else look.text

    def cell(words: str, width: int, grade: Grade = Grade.GOOD) -> Span:
        words = look.signs.of(grade).strip() + words
        return text.right(words, width), look.of(grade) if grade else style

    return [
        cell(text.percent(row.success, none), 9, limits.success.grade(row.success)),
        cell(none if row.rps is None else f"{row.rps:,.1f}", 8),
        cell(text.latency(row.p50, none), 6),
        cell(text.latency(row.p95, none), 6, limits.p95.grade(row.p95 if slow else None)),
        cell(text.latency(row.p99, none), 7),
    ]


def closer(frame: Frame, look: Look, width: int, room: int) -> list[Strip]:
    """As many rows as have room: routes and neighbours first."""
    rows = [text.row([], width, look.text), *_routes(frame, look, width)]
    failures = _failures(frame, look, width)
    return [*rows[: max(0, room - len(failures))], *failures][:room]


def _routes(frame: Frame, look: Look, width: int) -> Iterator[Strip]:
    routes = frame[ROUTES].value
    if routes is None or not routes.rows:
        yield text.row([("by route and neighbour: nothing yet", look.dim)], width, look.text)
        return
    name = max(20, min(60, width - 43))
    head = f"{'by route and neighbour':<{name}} in/out{'success':>9}{'rps':>8}"
    yield text.row([(f"{head}{'p50':>6}{'p95':>6}{'p99':>7} ms", look.dim)], width, look.text)
    for row in routes.rows:
        way = text.fit(f" {_WAYS.get(row.direction, row.direction)}", 7)
        named = f"{text.clean(row.deployment)} {look.signs.flat} {text.clean(row.to)}"
        figures = cells(row, look, frame.limits, row.direction == "inbound")
        spans: list[Span] = [(text.fit(named, name, look.signs), look.text), (way, look.dim)]
        yield text.row([*spans, *figures], width, look.text)


def _failures(frame: Frame, look: Look, width: int) -> list[Strip]:
    found = [
        (failure, curve.lane)
        for curve in frame.lanes
        if curve.name == "success" and not curve.run
        for failure in failures_of(curve)
    ]
    found.sort(reverse=True)
    if not found:
        return []
    rows = [text.row([], width, look.text)]
    rows.append(text.row([("latest failures, newest first", look.dim)], width, look.text))
    for (began, ended, worst), lane in found[:_MOST_FAILURES]:
        grade = frame.limits.success.grade(worst)
        words = f"{look.signs.of(grade)} success down to {text.percent(worst)}"
        spans: list[Span] = [
            (f"{text.span(frame.now - began):>4} ago  ", look.dim),
            (text.fit(text.clean(lane), 20, look.signs), look.text),
            (words, look.of(grade)),
            (f"  for {text.span(ended - began + 1)}", look.dim),
        ]
        rows.append(text.row(spans, width, look.text))
    return rows


def failures_of(curve: Curve) -> Sequence[Failure]:
    """The times in which not all was answered with success, the oldest first."""
    found: list[Failure] = []
    goes_on = False
    for at, share in curve.points:
        if share is None or share >= 1:
            goes_on = False
        elif goes_on:
            began, _, worst = found[-1]
            found[-1] = (began, at, min(worst, share))
        else:
            found.append((at, at, share))
            goes_on = True
    return found
