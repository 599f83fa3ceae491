"""The base of all panels: frame, title, age, and what is said when the source is away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from controlroom.model.frame import Frame, Key, Panel
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.sorting import Order
from controlroom.panes.text import Span

_FADED = Style(dim=True)


class Rows(Widget):
    """Draws rows and refreshes only those that differ from the ones drawn before."""

    def __init__(self, look: Look, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.look = look
        self.frame: Frame | None = None
        self.drawn = 0
        """Rows that were refreshed because they had changed."""
        self._rows: list[Strip] = []
        self._width = 0
        self._basis: tuple[object, ...] | None = None

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """The rows of this moment, each exactly `width` cells wide."""
        raise NotImplementedError

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """What of the frame the rows are made of: the same basis gives the same rows.

        Composing is what a frame costs, and most frames change few panels. The parts of a frame
        are frozen and stay the same objects while nothing is measured, so comparing is cheap.
        """
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What it shows now as plain text."""
        return "\n".join(strip.text.rstrip() for strip in self._rows).rstrip()

    def show(self, frame: Frame) -> None:
        """Takes the newest frame and draws what it changes."""
        self.frame = frame
        if not self.display:
            self._basis = None
            return
        basis = (frame.looked_at, *self.basis(frame))
        if basis != self._basis:
            self.redraw()
            self._basis = basis

    def redraw(self) -> None:
        """Builds the rows again and refreshes the changed ones."""
        self._basis = None
        width, height = self.size
        if self.frame is None or not width or not height or not self.display:
            return
        rows = self.compose_rows(self.frame, width, height)[:height]
        before, self._rows = self._rows, rows
        if self._width != width or len(before) != len(rows):
            self._width = width
            self.drawn += len(rows)
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        self.drawn += len(changed)
        if changed:
            self.refresh(*_regions(changed, width))

    def on_resize(self) -> None:
        """A new size needs new rows."""
        self._width = 0
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """Textual's line interface."""
        if y < len(self._rows):
            return self._rows[y]
        return Strip.blank(self.size.width, self.look.text)


def moment_of(frame: Frame) -> str:
    """The mark of what is not of now: `AT 10:32:05`."""
    return f"AT {text.time_of_day(frame.looked_at)}"


def _regions(changed: Iterable[int], width: int) -> list[Region]:
    regions: list[Region] = []
    for y in changed:
        if regions and regions[-1].bottom == y:
            last = regions[-1]
            regions[-1] = Region(0, last.y, width, last.height + 1)
        else:
            regions.append(Region(0, y, width, 1))
    return regions


@dataclass(frozen=True, slots=True)
class Title:
    """What stands in the upper edge: after the name, and at the right end."""

    name: str
    right: str = ""


class Pane(Rows, can_focus=True):
    """A framed panel with a number. The focused one has the bright frame."""

    pane_id: ClassVar[str]
    """Its name in help, palette and tabs."""
    key: ClassVar[Key[object]]
    """The panel of the frame that it shows; its name is also that of the feed."""
    engine: ClassVar[str]
    """How its source is called when it is away."""
    command: ClassVar[str] = ""
    """The command that prints what it shows."""
    keys: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Keys that it understands itself, for the help: (keys, what they do)."""
    order: Order | None = None
    """How its rows are sorted; None where they have one order only."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, id=self.pane_id)
        self.number = 0
        """Its place on the screen, which is its key; the screen gives it."""

    @property
    def line(self) -> str:
        """The command line that prints what it shows now."""
        return self.command

    @property
    def sortable(self) -> Sequence[str]:
        """The columns that it can be sorted by as it is shown now."""
        return () if self.order is None else self.order.columns

    @property
    def picked(self) -> str:
        """What is chosen in it, as it is pasted elsewhere; empty where nothing is."""
        return ""

    @property
    def words(self) -> str:
        """What it shows now as plain text, without its frame."""
        title, *inside = [strip.text for strip in self._rows[:-1]] or [""]
        rows = [title.strip(self.look.signs.corners + self.look.signs.across + " ")]
        return "\n".join([*rows, *(line[2:-2].rstrip() for line in inside)]).rstrip()

    @property
    def detailed(self) -> bool:
        """Whether it shows what is asked for only while it is seen."""
        return False

    def panel(self, frame: Frame) -> Panel[object]:
        """The part of the frame whose health decides what is drawn."""
        return frame[self.key]

    def title(self, frame: Frame, width: int) -> Title:
        """Name and right end of the upper edge."""
        raise NotImplementedError

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """The rows inside; called only when there is a value."""
        raise NotImplementedError

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Value, health and title of its source; while that is away, once a second, also the time
        until it is tried again."""
        panel = self.panel(frame)
        clock = 0 if panel.health.ok else int(frame.now)
        return (panel.value, panel.health, self.title(frame, self.size.width), clock)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Frame and content."""
        inner_width, inner_height = max(0, width - 4), max(0, height - 2)
        panel = self.panel(frame)
        rows: list[Strip] = []
        if panel.value is not None:
            rows = self.content(frame, inner_width, inner_height)[:inner_height]
        if not panel.health.ok and panel.health.state != "stale":
            rows = self._away(frame, rows, inner_width, inner_height)
        return self.framed(frame, rows, width, height)

    def framed(self, frame: Frame, rows: list[Strip], width: int, height: int) -> list[Strip]:
        """The rows with the edges around them."""
        inner_width, inner_height = max(0, width - 4), max(0, height - 2)
        edge = self.look.focus if self.has_focus else self.look.frame
        side = self.look.signs.down
        before, after = Segment(f"{side} ", edge), Segment(f" {side}", edge)
        blank = Segment(" " * inner_width, self.look.text)
        inside = [Strip([before, *strip, after], width) for strip in rows[:inner_height]]
        inside += [Strip([before, blank, after], width)] * (inner_height - len(rows))
        return [self._upper_edge(frame, width, edge), *inside, self._bottom(width, edge)]

    def _upper_edge(self, frame: Frame, width: int, edge: Style) -> Strip:
        signs = self.look.signs
        title = self.title(frame, width)
        name_style = self.look.focus if self.has_focus else self.look.title
        by = self.order.words(signs) if self.order is not None and self.sortable else ""
        name = f" {self.number} {title.name}{f' {signs.dot} {by}' if by else ''} "
        if frame.looked_at:
            name = f" {self.number} {moment_of(frame)} {signs.dot} {title.name} "
            name_style = self.look.badge
        state = f" {title.right} " if title.right else ""
        room = width - 6 - text.width_of(name)
        if text.width_of(state) > room:
            state = text.fit(state, max(0, room - 1), signs) + " " if room > 8 else ""
        line = width - 4 - text.width_of(name) - text.width_of(state)
        health = self.panel(frame).health
        away = not health.ok and health.state != "connecting"
        return text.row(
            [
                (signs.corners[0] + signs.across, edge),
                (name, name_style),
                (signs.across * max(0, line), edge),
                (state, self.look.warn if away else self.look.dim),
                (signs.across + signs.corners[1], edge),
            ],
            width,
            edge,
        )

    def _bottom(self, width: int, edge: Style) -> Strip:
        signs = self.look.signs
        line = signs.corners[2] + signs.across * (width - 2) + signs.corners[3]
        return text.row([(line, edge)], width, edge)

    def _away(self, frame: Frame, rows: list[Strip], width: int, height: int) -> list[Strip]:
        """The message, with the last good rows above it, faded."""
        message = [text.row([span], width, self.look.text) for span in self.absence(frame, width)]
        room = max(0, height - len(message))
        kept = [strip.apply_style(_FADED) for strip in rows[:room]]
        if kept:
            kept += [text.row([], width, self.look.text)] * (room - len(kept))
        return [*kept, *message[: height - len(kept)]]

    def absence(self, frame: Frame, width: int) -> list[Span]:
        """What is wrong with the source, since when, and what to do about it."""
        look, health = self.look, self.panel(frame).health
        if health.state == "connecting" and frame.looked_at:
            return [("Nothing was kept of it. L goes back to now.", look.dim)]
        if health.state == "connecting":
            return [(f"{self.engine}: connecting{look.signs.ellipsis}", look.dim)]
        wait = ""
        if health.state == "reconnecting" and health.retry_at is not None:
            wait = f" in {max(0, round(health.retry_at - frame.now))} s"
        facts = [text.clean(health.error).rstrip(".")] if health.error else []
        if health.since:
            facts.append(f"since {text.time_of_day(health.since)}")
        reason = f" ({', '.join(facts)})" if facts else ""
        dot = look.signs.dot
        first = f"{look.signs.fault} {self.engine}: {health.state}{wait}{reason} {dot} r retry"
        spans = [(line, look.warn) for line in text.wrapped(first, width)]
        if health.fix:
            spans += [(line, look.text) for line in text.wrapped(text.clean(health.fix), width)]
        return spans

    def age_text(self, frame: Frame) -> str:
        """Age of the figures, marked when they are not of now."""
        panel = self.panel(frame)
        old = text.age(panel.age(frame.now))
        if panel.health.ok or panel.value is None:
            return old
        return f"old: {old}"

    def on_focus(self) -> None:
        """The bright frame."""
        self.redraw()

    def on_blur(self) -> None:
        """The quiet frame."""
        self.redraw()
