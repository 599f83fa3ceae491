"""The screen of all targets side by side: their figures, or one panel of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from controlroom.model.frame import Frame
from controlroom.panes.header import HeaderRow
from controlroom.panes.layout import MINIMUM, Slot
from controlroom.panes.look import Look
from controlroom.panes.sides import Sides, SidesKeys
from controlroom.screens.covering import Covering, HelpRow
from controlroom.screens.framing import framed_for_all

REDRAW = 0.5
"""Seconds between two pictures; figures of two clusters change no faster."""


class Side(Vertical):
    """One panel of a target, under the row that says whose it is and how that is."""

    def __init__(self, look: Look, slot: Slot, number: int) -> None:
        super().__init__()
        self.header = HeaderRow(look)
        self.pane = slot.pane(look)
        self.pane.number = number
        # what is chosen in a panel belongs to one target: that is done in the room
        self.pane.can_focus = False

    def compose(self) -> ComposeResult:
        """The row, and the panel in all the room that is left."""
        yield self.header
        yield self.pane

    def show(self, frame: Frame) -> None:
        """Takes the target's newest frame."""
        self.header.show(frame)
        self.pane.show(frame)


class SidesScreen(Covering):
    """Draws the frames of all targets until it is left."""

    DEFAULT_CSS = """
    SidesScreen { background: $background; }
    SidesScreen Sides, SidesScreen #panels { width: 100%; height: 1fr; background: $background; }
    SidesScreen #panels { layout: horizontal; display: none; }
    SidesScreen.below #panels { layout: vertical; }
    SidesScreen.panels #panels { display: block; }
    SidesScreen.panels Sides { display: none; }
    SidesScreen Side { width: 1fr; height: 1fr; }
    SidesScreen Side Pane { width: 100%; height: 1fr; }
    SidesScreen HeaderRow, SidesScreen SidesKeys { width: 100%; height: 1; }
    """
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,v,q", "dismiss"),
        *(Binding(str(number), f"choose({number})", show=False) for number in range(10)),
        ("tab", "turn(1)"),
        ("shift+tab", "turn(-1)"),
    ]

    refuses = ("restart", "scale")

    def __init__(
        self, look: Look, frames: Callable[[], Sequence[Frame]], slots: Sequence[Slot]
    ) -> None:
        """`slots` are the panels of the room, in the order of their numbers."""
        super().__init__()
        self._look = look
        self._frames = frames
        self._slots = slots
        self._figures = Sides(look)
        self._keys = SidesKeys(look, len(slots))
        self._sides: Sequence[Side] = ()
        self.chosen = 0
        """The number of the panel that is shown; 0 for the figures."""

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What is shown, for the name of a file."""
        of = (self._slots[self.chosen - 1].name,) if self.chosen else ()
        return ("side by side", *of)

    @property
    def words(self) -> str:
        """The figures, or the panel of each target under the row that says whose it is."""
        if not self._sides:
            return self._figures.words
        return "\n\n".join(f"{one.header.words}\n{one.pane.words}" for one in self._sides)

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """What it understands."""
        return (
            ("esc v q", "back to the room"),
            (f"1-{min(9, len(self._slots))} tab", "that panel of each cluster, or the next one"),
            ("0", "the figures of all, with their difference"),
            ("e", "write what is shown to a file, as text or as a picture"),
        )

    def compose(self) -> ComposeResult:
        """The figures, room for the panels, and the keys."""
        yield self._figures
        yield Container(id="panels")
        yield self._keys

    def on_mount(self) -> None:
        """Draws at once, and again and again."""
        self.on_resize()
        self.set_interval(REDRAW, self._draw)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """The frame of production, where one of the targets is; panels stand below each other
        where there is no room beside."""
        frames = self._frames()
        framed_for_all(self, self._look, frames)
        self.set_class(self.app.size.width < MINIMUM[0] * len(frames), "below")

    async def action_choose(self, number: int) -> None:
        """The panel of that number, of every target; 0 is the figures."""
        if number > len(self._slots) or number == self.chosen:
            return
        self.chosen = number
        panels = self.query_one("#panels")
        self._sides = ()
        await panels.remove_children()
        if number:
            slot = self._slots[number - 1]
            self._sides = [Side(self._look, slot, number) for _ in self._frames()]
            await panels.mount_all(self._sides)
        self.set_class(bool(number), "panels")
        self._draw()

    async def action_turn(self, by: int) -> None:
        """The next panel, or the one before; the figures stand between the last and the first."""
        await self.action_choose((self.chosen + by) % (len(self._slots) + 1))

    def _draw(self) -> None:
        frames = self._frames()
        # not by the number: a picture may be due before its panels are there
        if self._sides:
            for one, frame in zip(self._sides, frames, strict=True):
                one.show(frame)
        else:
            self._figures.look_at(frames)
        self._keys.look_at(frames, self.chosen)
