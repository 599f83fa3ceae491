"""What the limit is now: the chain from the door to the stores, and the sentence that follows."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.commands.here import Here
from controlroom.feeds.chain import ChainSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.feed import Source
from controlroom.model.chain import Chain, Part, help_of, sentence
from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.screens.page import Below, Line
from controlroom.screens.pages.parts import SourcePage, cells
from controlroom.screens.pages.traffic import RoutesPage

_BAR = 16


class LimitPage(SourcePage):
    """Asked by one key from everywhere."""

    source = "golden"
    every = 2.0

    def __init__(self, below: Below) -> None:
        super().__init__(below, "limit")

    def of(self, below: Below) -> LimitPage:
        """The same of another target."""
        return LimitPage(below)

    async def make(self, here: Here) -> Source:
        """Prometheus and the queue."""
        return ChainSource(LiveEndpoints(here.located), await here.scenario())

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom metrics --limit"

    @property
    def _chain(self) -> Chain:
        told: Chain = self.told
        return told

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """The answer first."""
        look = self.below.look
        if self.told is None:
            return []
        style = look.warn if self._chain.limit else look.good
        said = [Line(((line, style),)) for line in text.wrapped(sentence(self._chain), width)]
        said += [Line(((line, look.dim),)) for line in text.wrapped(help_of(self._chain), width)]
        names = (("busy", -7), ("waited for", -12), ("per second", -12), ("p99", -10))
        row = [("from the door to the stores", _label(width), look.dim)]
        row += [(name, wide, look.dim) for name, wide in (*names, ("queued", -12))]
        return [*said, Line(), Line(cells(row, look))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A part of the chain each."""
        rows = [self._part(part, frame, width) for part in self._chain.parts]
        look = self.below.look
        shares = "busy: of one core, its busiest process; waited for: share of the time in which"
        notes = [f"{shares} those before it wait for it, the worst of them; both over 10 s."]
        wrapped = [line for note in notes for line in text.wrapped(note, width)]
        return [*rows, Line(), *(Line(((line, look.dim),)) for line in wrapped)]

    def _part(self, part: Part, frame: Frame, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        at_limit = bool(part.key) and part.key == self._chain.limit
        sign = look.signs.run if at_limit else " "
        style = look.warn if at_limit else look.text
        full = max(part.busy or 0.0, part.waited or 0.0)
        queued = none if part.queued is None else f"{part.queued:,}"
        row = [
            (f"{sign} {part.name}", _label(width), style),
            (_share(part.busy, none), -7, style),
            (_share(part.waited, none), -12, style),
            (text.rate(part.rate, none), -12, look.text),
            ("" if part.p99 is None else f"{text.latency(part.p99)} ms", -10, look.text),
            (queued if part.name == "queue" else "", -12, look.text),
        ]
        spans = list(cells(row, look))
        if width >= 83 + 4 + _BAR:
            spans += [("  ", look.text), (text.bar(full, _BAR, look.signs), look.bar)]
        trend = frame.rates.lag
        if part.name == "queue" and trend is not None and abs(trend) >= 1:
            spans.append((f"  {'+' if trend > 0 else look.signs.minus}{abs(trend):,.0f}/s", style))
        opens = None
        if part.key == "producer" and part.name.startswith("producer"):
            opens = lambda: RoutesPage(self.below, part.name)  # noqa: E731
        elif part.key:
            opens = lambda: RoutesPage(self.below, "consumer")  # noqa: E731
        return Line(tuple(spans), opens=opens)


def _label(width: int) -> int:
    return max(10, min(30, width - 54))


def _share(value: float | None, none: str) -> str:
    return none if value is None else f"{value:.0%}"
