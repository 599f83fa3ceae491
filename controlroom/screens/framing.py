"""The frame around every screen of a room on production. It takes one cell at each side."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.screen import Screen

from controlroom.model.frame import Frame
from controlroom.model.marking import PRODUCTION
from controlroom.panes import text
from controlroom.panes.layout import MINIMUM
from controlroom.panes.look import Look

AROUND = 2
"""Cells that it takes of the width, and of the height."""
CSS = """
Screen.production {
    border: heavy $error; border-title-color: $error; border-subtitle-color: $error;
    border-title-style: bold; border-subtitle-style: bold;
}
Screen.production.plain { border: ascii $error; }
"""


def fits(width: int, height: int) -> bool:
    """Whether a terminal has room for it; where it has not, the word in the header has to do."""
    return width - AROUND >= MINIMUM[0] and height - AROUND >= MINIMUM[1]


def framed_for_all(screen: Screen[None], look: Look, frames: Sequence[Frame]) -> None:
    """The same where several targets are shown: that of production, where one of them is."""
    for one in sorted(frames, key=lambda one: not one.marking.production)[:1]:
        framed(screen, look, one)


def framed(screen: Screen[None], look: Look, frame: Frame) -> bool:
    """Puts it around the screen, or takes it away; whether it is there now."""
    there = frame.marking.production and fits(*screen.app.size)
    screen.set_class(there, "production")
    screen.set_class(not look.signs.braille, "plain")
    screen.border_title = Content(f"{PRODUCTION} {text.clean(frame.target)}" if there else "")
    screen.border_subtitle = Content(PRODUCTION if there else "")
    return there
