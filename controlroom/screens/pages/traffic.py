"""Where the time goes: what comes in and what is asked of others, with whole histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from controlroom.commands.here import Here
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.feed import Source
from controlroom.feeds.routes import RoutesSource
from controlroom.model.frame import Frame
from controlroom.model.routes import Route, Routes
from controlroom.panes import text
from controlroom.panes.signs import Signs
from controlroom.panes.text import Span
from controlroom.screens.page import Below, Line
from controlroom.screens.pages.parts import SourcePage, cells

_STEPS, _ASCII_STEPS = " ▁▂▃▄▅▆▇█", " .:-=+*%#"
_FIGURES = (-9, -9, -8, -8, -8)
_STRIP = 26


def heat(counts: Sequence[float], signs: Signs) -> str:
    """One sign for each bucket, as high as its share of the fullest one."""
    steps = _STEPS if signs.braille else _ASCII_STEPS
    most = max(counts, default=0.0)
    # what is not empty is never drawn as nothing
    return "".join(
        steps[max(1, round(count / most * (len(steps) - 1)))] if count >= 0.5 else " "
        for count in counts
    )


class RoutesPage(SourcePage):
    """The routes of one deployment, or of all of them."""

    source = "golden"
    every = 2.0

    def __init__(self, below: Below, deployment: str = "", window: int = 30) -> None:
        super().__init__(below, *("traffic", deployment) if deployment else ("traffic",))
        self.deployment = deployment
        self._window = window

    def of(self, below: Below) -> RoutesPage:
        """The same of another target."""
        return RoutesPage(below, self.deployment, self._window)

    async def make(self, here: Here) -> Source:
        """Prometheus."""
        return RoutesSource(LiveEndpoints(here.located), here.settings.window)

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom metrics --routes"

    @property
    def _routes(self) -> Routes:
        told: Routes = self.told
        return told

    def _label(self, width: int) -> int:
        return max(26, min(48, width - 42 - (_STRIP + 2 if width >= 110 else 0)))

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """The columns; over them where the bounds of the strip are."""
        look = self.below.look
        names = ("rps", "success", "p50 ms", "p95", "p99")
        row = [("route", self._label(width), look.dim)]
        row += [(name, wide, look.dim) for name, wide in zip(names, _FIGURES, strict=True)]
        if width >= 110:
            row.append(("  1ms  10   100  1s   10s", _STRIP + 2, look.dim))
        return [Line(cells(row, look))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A deployment after the other, with what it waits for longest."""
        look = self.below.look
        names = sorted({row.deployment for row in self._routes.rows})
        names = [name for name in names if self.deployment in ("", name)]
        if not names:
            said = f"no traffic in the last {self._window} s"
            return [Line(((said, look.dim),))]
        rows: list[Line] = []
        for name in names:
            rows += [Line(((text.clean(name), look.title), *self._slowest(name)))]
            rows += [self._row(route, width) for route in self._routes.of(name)]
            rows.append(Line())
        return rows[:-1]

    def _slowest(self, name: str) -> list[Span]:
        """The hop that it waits for longest, in one sentence."""
        look, slowest = self.below.look, self._routes.slowest(name)
        if slowest is None:
            return []
        own = max(
            (p99 for row in self._routes.of(name, "inbound") if (p99 := row.quantile(0.99))),
            default=None,
        )
        words = f"   waits longest for {text.clean(slowest.to)}: p99 {_ms(slowest.quantile(0.99))}"
        if own is not None:
            words += f", it answers in {_ms(own)}"
        return [(words, look.accent)]

    def _row(self, route: Route, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        way = "in  " if route.direction == "inbound" else "to  "
        good = route.success is None or route.success >= 0.999
        row = [
            (f"  {way}{route.to}", self._label(width), look.text),
            (text.rate(route.rps, none), _FIGURES[0], look.text),
            (text.percent(route.success, none), _FIGURES[1], look.text if good else look.warn),
            *(
                (text.latency(route.quantile(share), none), wide, look.text)
                for share, wide in zip((0.5, 0.95, 0.99), _FIGURES[2:], strict=True)
            ),
        ]
        spans = list(cells(row, look))
        if width >= 110:
            spans += [("  ", look.text), (heat(route.counts, look.signs), look.bar)]
        return Line(
            tuple(spans),
            opens=lambda: HistogramPage(self.below, route.deployment, route.direction, route.to),
        )


class HistogramPage(RoutesPage):
    """The latency histogram of one route, bucket by bucket."""

    def __init__(self, below: Below, deployment: str, direction: str, to: str) -> None:
        super().__init__(below, deployment)
        way = "in" if direction == "inbound" else "to"
        self.crumbs = (deployment, f"{way} {to}")
        self._place = (deployment, direction, to)

    def of(self, below: Below) -> HistogramPage:
        """The same of another target."""
        return HistogramPage(below, *self._place)

    @property
    def _route(self) -> Route | None:
        rows = self._routes.rows
        return next((r for r in rows if (r.deployment, r.direction, r.to) == self._place), None)

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """The figures that are read off the histogram."""
        look, none = self.below.look, self.below.look.signs.none
        route = self._route if self.told is not None else None
        if route is None:
            return []
        figures = ((f"p{share * 100:g}", route.quantile(share)) for share in (0.5, 0.9, 0.95, 0.99))
        dot = f" {look.signs.dot} "
        words = dot.join(f"{name} {_ms(value, none)}" for name, value in figures)
        first = f"{text.rate(route.rps, none)}/s{dot}success {text.percent(route.success, none)}"
        row = [("bucket", 20, look.dim), ("answers", -10, look.dim), ("share", -9, look.dim)]
        row.append(("up to here", -12, look.dim))
        return [Line(((f"{first}{dot}{words}", look.text),)), Line(), Line(cells(row, look))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row for each bucket from the first to the last that holds something."""
        look, route = self.below.look, self._route
        if route is None:
            return [Line((("no traffic on this route in the window", look.dim),))]
        filled = [n for n, count in enumerate(route.counts) if count >= 0.5]
        if not filled:
            return [Line((("nothing was answered in the window", look.dim),))]
        total, most, seen, low = sum(route.counts), max(route.counts), 0.0, 0.0
        rows = []
        for n, (bound, count) in enumerate(zip(route.bounds, route.counts, strict=True)):
            seen += count
            if filled[0] <= n <= filled[-1]:
                to = "and more" if math.isinf(bound) else f"to {_ms(bound)}"
                row = [
                    (f"{_ms(low)} {to}", 20, look.text),
                    (f"{count:,.0f}", -10, look.text),
                    (f"{count / total:.1%}", -9, look.text),
                    (text.percent(seen / total), -12, look.dim),
                    ("  ", 2, look.text),
                ]
                wide = max(4, width - 56)
                bar = text.bar(count / most if count >= 0.5 else 0, wide, look.signs)
                rows.append(Line((*cells(row, look), (bar, look.bar))))
            low = bound
        return rows


def _ms(value: float | None, none: str = "–") -> str:
    """With its unit."""
    if value is None:
        return none
    return f"{value / 1000:g} s" if value >= 1000 else f"{text.latency(value)} ms"
