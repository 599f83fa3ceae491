"""The screen of all targets side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from controlroom.model.frame import Frame
from controlroom.panes.look import Look
from controlroom.panes.sides import Sides
from controlroom.screens.framing import framed

REDRAW = 0.5
"""Seconds between two pictures; figures of two clusters change no faster."""


class SidesScreen(Screen[None]):
    """Draws the frames of all targets until it is left."""

    DEFAULT_CSS = """
    SidesScreen { background: $background; }
    SidesScreen Sides { width: 100%; height: 100%; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,v,q", "dismiss")]

    def __init__(self, look: Look, frames: Callable[[], Sequence[Frame]]) -> None:
        super().__init__()
        self._look = look
        self._sides = Sides(look)
        self._frames = frames

    def compose(self) -> ComposeResult:
        """One picture."""
        yield self._sides

    def on_mount(self) -> None:
        """Draws at once, and again and again."""
        self.on_resize()
        self.set_interval(REDRAW, self._draw)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """The frame of production, where one of the targets is."""
        frames = sorted(self._frames(), key=lambda one: not one.marking.production)
        for one in frames[:1]:
            framed(self, self._look, one)

    def _draw(self) -> None:
        self._sides.look_at(self._frames())
