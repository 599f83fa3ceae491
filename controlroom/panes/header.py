"""The first row: where am I, is it healthy, may I act, what does the screen cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual.strip import Strip

from controlroom.model.frame import FLEET, Frame
from controlroom.model.health import Health
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Rows
from controlroom.panes.text import Span


@dataclass(frozen=True, slots=True)
class ScreenStatus:
    """What the screen says about itself."""

    remote: str = ""
    """Frame rate and bytes per second, when the terminal is remote."""
    paused: int | None = None
    """Log lines that came since the screen was held; None while it is not."""
    replay: str = ""
    """Where a recording stands; empty where the frames are live."""
    probe: str = ""
    """Ordinal of the last handled key, and READY, for a latency probe."""


def healths(frame: Frame) -> tuple[Health, ...]:
    """How every source is."""
    return tuple(panel.health for panel in frame.panels.values())


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
        names = (frame.scenario, frame.target, frame.read_only)
        return (*names, _up(frame), healths(frame), self.status)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row: names left, state right."""
        look, dot = self.look, f" {self.look.signs.dot} "
        place = dot.join(text.clean(part) for part in (frame.scenario, frame.target) if part)
        up = _up(frame)
        if up and width >= 70:
            place += f"{dot}up {up}"
        left: list[Span] = [(" controlroom  ", look.focus), (place, look.text)]
        return [text.ends(left, self._state(frame, width), width, look.text)]

    def _state(self, frame: Frame, width: int) -> list[Span]:
        look, signs, status = self.look, self.look.signs, self.status
        gap = ("   " if width >= 100 else "  ", look.text)
        spans: list[Span] = []
        if status.probe:
            spans += [(status.probe, look.dim), gap]
        if status.replay:
            spans += [(f" {status.replay} ", look.badge), gap]
        if status.paused is not None:
            spans += [(f" paused +{status.paused:,} {signs.dot} p goes on ", look.badge), gap]
        states = healths(frame)
        live = sum(1 for health in states if health.state in ("live", "stale"))
        if live == len(states):
            spans.append((f"{signs.live} {live}/{live} live", look.good))
        else:
            connecting = all(h.ok or h.state in ("stale", "connecting") for h in states)
            style = look.dim if connecting else look.warn
            spans.append((f"{signs.away} {live}/{len(states)} live", style))
        badge: Span = (" read-only ", look.badge) if frame.read_only else ("read-write", look.dim)
        spans += [gap, badge]
        if status.remote:
            spans += [gap, (status.remote, look.dim)]
        return [*spans, (" ", look.text)]


def _up(frame: Frame) -> str:
    """How long the target has been up; empty where it does not say."""
    fleet = frame[FLEET].value
    return text.span(frame.now - fleet.started) if fleet is not None and fleet.started else ""
