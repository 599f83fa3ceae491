"""Who has a room open on this target, and what was done last."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.commands import rooms
from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.runs.rooms import AuditEntry, OpenRoom
from controlroom.screens.neighbours import Neighbours
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.parts import cells

_NAME, _TIME = 22, 9


class UsersPage(Page):
    """The other rooms of this machine, and the end of the audit."""

    def __init__(self, below: Below, neighbours: Neighbours) -> None:
        super().__init__(below, "users")
        self._neighbours = neighbours

    @property
    def command(self) -> str:
        """Where rooms are told on the command line."""
        return "controlroom status"

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Rooms, then acts, the newest first."""
        look, around = self.below.look, self._neighbours.around
        said = [Line((("others in a room", look.title),))]
        said += [line for room in around.rooms for line in self._other(room, frame, width)]
        if not around.rooms:
            said.append(Line((("nobody else on this machine", look.dim),)))
        said += [Line(), Line((("done last", look.title),))]
        done = [self._entry(entry, frame, width) for entry in reversed(self._neighbours.entries)]
        said += done or [Line((("nothing yet", look.dim),))]
        notes = (
            "Rooms on other machines are not seen; their acts are, where the audit is shared.",
            "Names with `says`, or ?, are what an environment claims: nobody has checked them.",
        )
        wrapped = [line for note in notes for line in text.wrapped(note, width)]
        return [*said, Line(), *(Line(((line, look.dim),)) for line in wrapped)]

    def _other(self, room: OpenRoom, frame: Frame, width: int) -> list[Line]:
        look, dot = self.below.look, f" {self.below.look.signs.dot} "
        place = f"{room.shown}: {room.place}" if len(room.targets) > 1 else room.place
        facts = [f"says from {room.where_from}" if room.where_from else "", f"pid {room.proof.pid}"]
        facts += [f"for {text.span(frame.now - room.since)}", "read-only" if room.read_only else ""]
        row = [
            (str(room.person), _NAME, look.bright),
            (f" {place}", max(10, width // 3 - _NAME), look.text),
            (f"  {dot.join(filter(None, facts))}", max(10, width - width // 3), look.dim),
        ]
        found = [Line(cells(row, look), copies=str(room.proof.pid))]
        if room.last is not None:
            ago = text.span(frame.now - room.last.at)
            last = f"  {rooms.told(room.last)}{dot}{ago} ago"
            found.append(Line(((text.fit(text.clean(last), width, look.signs), look.dim),)))
        return found

    def _entry(self, entry: AuditEntry, frame: Frame, width: int) -> Line:
        look = self.below.look
        row = [
            (text.span(frame.now - entry.at), -_TIME, look.dim),
            (f"  {entry.person}", _NAME, look.text),
            (f" {rooms.told(entry)}", max(10, width - _TIME - _NAME), look.text),
        ]
        return Line(cells(row, look), copies=str(entry.facts.get("command", rooms.told(entry))))
