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
        self._sides = Sides(look)
        self._frames = frames

    def compose(self) -> ComposeResult:
        """One picture."""
        yield self._sides

    def on_mount(self) -> None:
        """Draws at once, and again and again."""
        self.set_interval(REDRAW, self._draw)
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._sides.look_at(self._frames())
