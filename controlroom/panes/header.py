"""The first row: where am I, is it healthy, may I act, what does the screen cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from controlroom.model.frame import FLEET, Frame
from controlroom.model.health import Health
from controlroom.model.marking import PRODUCTION
from controlroom.model.trouble import DETAILS, Verdict, judged
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Rows
from controlroom.panes.text import Span
from scenarios.limits import Grade

_WIDE = 100
"""Cells from which on there is room for all of it."""


@dataclass(frozen=True, slots=True)
class ScreenStatus:
    """What the screen says about itself."""

    remote: str = ""
    """Frame rate and bytes per second, when the terminal is remote."""
    paused: int | None = None
    """Log lines that came since the screen was held; None while it is not."""
    replay: str = ""
    """Where a recording stands; empty where the frames are live."""
    looking: str = ""
    """The moment that is looked back at, and how long ago that was; empty while nobody does."""
    wall: bool = False
    """Whether it hangs on a wall and takes no keys."""
    others: str = ""
    """How many others have a room open, and who."""
    probe: str = ""
    """Ordinal of the last handled key, and READY, for a latency probe."""


def healths(frame: Frame) -> tuple[Health, ...]:
    """How every source is that has a panel of its own."""
    return tuple(panel.health for name, panel in frame.panels.items() if name not in DETAILS)


class HeaderRow(Rows):
    """One row, healthy or not."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, id="header")
        self.status = ScreenStatus()

    def say(self, **changes: object) -> None:
        """Changes parts of the status."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self.redraw()

    def replaying(self, said: str) -> None:
        """Says where the recording stands."""
        if said != self.status.replay:
            self.say(replay=said)

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Names, states and the time since the start, as it is written."""
        names = (frame.scenario, frame.target, frame.read_only, frame.marking)
        return (*names, _up(frame), healths(frame), judged(frame), self.status)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row: names left, then the verdict, state right. Where there is little room the
        product's name and the time go first, and the reason is cut last."""
        look, dot = self.look, f" {self.look.signs.dot} "
        verdict = judged(frame)
        place = place_of(look, frame, look.text)
        up = f"{dot}up {_up(frame)}" if _up(frame) else ""
        brief = width < _WIDE and bool(verdict.troubles)
        state = self._state(frame, width, brief)
        whole = text.width_of(self._verdict(verdict, width)[0])
        room = width - sum(text.width_of(words) for words, _ in state) - 3
        production = frame.marking.production
        word = f" {PRODUCTION} " if production else " controlroom  "
        place = [(" ", look.text), *place] if production else place
        named = sum(text.width_of(words) for words, _ in place)
        for name, since in ((word, up), (word, ""), (word if production else " ", "")):
            left = room - named - text.width_of(name + since)
            if whole <= left:
                break
        first = look.alarm if production else look.focus
        spans: list[Span] = [(name, first), *place, (f"{since}  ", look.text)]
        spans.append(self._verdict(verdict, left))
        return [text.ends(spans, state, width, look.text)]

    def _verdict(self, verdict: Verdict, room: int) -> Span:
        """One word, its reason as far as there is room, how many more reasons there are."""
        look, signs = self.look, self.look.signs
        if verdict.word == "connecting":
            return f"{signs.away} connecting", look.dim
        if not verdict.troubles:
            return f"{signs.good} healthy", look.good
        first, *others = verdict.troubles
        more = f" +{len(others)} " if others else " "
        words = f" {signs.of(first.grade)} {verdict.word}: {text.clean(first.words)}"
        room -= len(more)
        cut = words if text.width_of(words) <= room else text.fit(words, room, signs)
        return cut + more, look.alarm if first.grade is Grade.BROKEN else look.badge

    def _state(self, frame: Frame, width: int, brief: bool) -> list[Span]:
        look, signs, status = self.look, self.look.signs, self.status
        gap = ("   " if width >= _WIDE else "  ", look.text)
        spans: list[Span] = []
        if status.probe:
            spans += [(status.probe, look.dim), gap]
        if status.replay:
            spans += [(f" {status.replay} ", look.badge), gap]
        if status.looking:
            spans += [(f" {status.looking} ", look.badge), gap]
        if status.wall:
            spans += [(" wall ", look.badge), gap]
        if status.others:
            spans += [(status.others, look.accent), gap]
        if status.paused is not None:
            spans += [(f" paused +{status.paused:,} {signs.dot} p goes on ", look.badge), gap]
        states = healths(frame)
        live = sum(1 for health in states if health.state in ("live", "stale"))
        badge: Span = (" read-only ", look.badge) if frame.read_only else ("read-write", look.dim)
        if brief:  # the verdict says more
            pass
        elif live == len(states):
            spans.append((f"{signs.live} {live}/{live} live", look.good))
        else:
            connecting = all(h.ok or h.state in ("stale", "connecting") for h in states)
            style = look.dim if connecting else look.warn
            spans.append((f"{signs.away} {live}/{len(states)} live", style))
        spans += [badge] if brief else [gap, badge]
        if status.remote:
            spans += [gap, (status.remote, look.dim)]
        return [*spans, (" ", look.text)]


def place_of(look: Look, frame: Frame, style: Style) -> list[Span]:
    """The scenario, and the target in the colour that the settings give it."""
    dot = f" {look.signs.dot} "
    spans: list[Span] = []
    if frame.scenario:
        spans.append((text.clean(frame.scenario) + (dot if frame.target else ""), style))
    colour = frame.marking.colour
    name = text.clean(frame.target)
    spans.append((f" {name} ", painted(colour)) if colour else (name, style))
    return spans


def painted(colour: str) -> Style:
    """Black or white on that colour, whichever is easier to read."""
    red, green, blue = Color.parse(colour).get_truecolor()
    light = red * 299 + green * 587 + blue * 114 > 128_000
    return Style(color="#000000" if light else "#ffffff", bgcolor=colour, bold=True)


def _up(frame: Frame) -> str:
    """How long the target has been up; empty where it does not say."""
    fleet = frame[FLEET].value
    return text.span(frame.now - fleet.started) if fleet is not None and fleet.started else ""
