"""A room on fixed frames."""

from __future__ import annotations

from textual._context import visible_screen_stack

from controlroom.app import ControlRoom
from controlroom.model.frame import Frame
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.frames import NOW


def room_of(frame: Frame, *, read_only: bool = False, ascii_only: bool = False) -> ControlRoom:
    """A room that shows this frame at its own moment."""
    source, commands = FixedSource(frame), RecordedCommands()
    return ControlRoom(
        source, commands, read_only=read_only, ascii_only=ascii_only, clock=lambda: NOW
    )


def source_of(room: ControlRoom) -> FixedSource:
    """Where its frames come from."""
    assert isinstance(room.source, FixedSource)
    return room.source


def calls_of(room: ControlRoom) -> list[tuple[object, ...]]:
    """What it asked of the world."""
    assert isinstance(room.commands, RecordedCommands)
    return room.commands.calls


def screen_text(room: ControlRoom) -> str:
    """What the top screen shows, as text."""
    # without it a screen keeps blank rows where one that lies under it is to be seen
    visible_screen_stack.set(room._background_screens)
    strips = room.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)
