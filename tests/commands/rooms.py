"""Rooms on still pictures whose acts and typed commands are carried out, with an audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from controlroom.app import ControlRoom
from controlroom.commands import line
from controlroom.commands.chaos import StartFault
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform, refuse
from controlroom.commands.registry import named
from controlroom.model.marking import Markings
from controlroom.screens.bar import BarDialog
from controlroom.settings import Settings
from tests.room import frames
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.test_keys import opened


class Performing(RecordedCommands):
    """Carries out what is asked for as a room does."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.place = Here(settings)

    async def perform(self, act: Act) -> Answer:
        if isinstance(act, StartFault):  # the room's dialog is on invented experiments
            act.what = "pod-kill-consumer"
        return await perform(act, self.place)

    def refuse(self, command: str) -> None:
        refuse(named(command), self.place)

    async def line(self, text: str) -> None:
        await line.run(text, self.place.settings)


def room_on(
    state: Path, *, read_only: bool = False, targets: Markings | None = None
) -> ControlRoom:
    """A room with this state folder, on the local stack, which may be marked."""
    marks = targets or Markings()
    source = FixedSource(replace(frames.calm(), read_only=read_only))
    commands = Performing(Settings(state_dir=state, read_only=read_only, targets=marks))
    return ControlRoom(source, commands, read_only=read_only)


class Bar:
    """The command bar of a room, as a person meets it."""

    def __init__(self, room: ControlRoom, pilot: Pilot[None]) -> None:
        self._room = room
        self._pilot = pilot

    async def open(self) -> Bar:
        """By its key."""
        await self._pilot.press("colon")
        await opened(self._room, BarDialog)
        return self

    @property
    def words(self) -> str:
        """What stands in the line."""
        return self._room.screen.query_one(Input).value
