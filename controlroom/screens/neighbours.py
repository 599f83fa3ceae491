"""Who else has a room open: says in the header who, and in the corner what others did just now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from controlroom.commands import rooms
from controlroom.panes.text import clean
from controlroom.runs.rooms import Announced, Around, AuditEntry

if TYPE_CHECKING:
    from textual.app import App

    from controlroom.screens.room import RoomScreen

Announce = Callable[[], Announced]
PERIOD = 2.0
"""Seconds between two looks."""
_AT_ONCE = 3
"""Entries that are told one by one; of more at a time the others are counted."""


class Neighbours:
    """The other rooms on the same targets, as the last look found them."""

    def __init__(self, app: App[Any], room: RoomScreen, announce: Announce) -> None:
        """`announce` is called in a thread, so that no picture waits for what it imports."""
        self._app = app
        self._room = room
        self._announce = announce
        self._announced: Announced | None = None
        self.around = Around()

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """What anybody did last, oldest first."""
        return self._announced.entries if self._announced is not None else ()

    def close(self) -> None:
        """This room is not there any more."""
        if self._announced is not None:
            self._announced.close()

    async def run(self) -> None:
        """Announces this room and looks around, again and again. Ends when it is cancelled."""
        self._announced = await asyncio.to_thread(self._announce)
        while True:
            frame = self._room.header.frame
            shown, fixed = (frame.target, frame.read_only) if frame is not None else ("", False)
            self.around = await asyncio.to_thread(self._announced.turn, shown, self._place(), fixed)
            self._tell()
            await asyncio.sleep(PERIOD)

    def _place(self) -> str:
        """The panel that is looked at, or the page above it."""
        stack = self._app.screen_stack
        crumbs = [crumb for page in stack for crumb in getattr(page, "crumbs", ())]
        return " > ".join(crumbs) or self._room.current

    def _tell(self) -> None:
        names = list(dict.fromkeys(clean(room.person.short) for room in self.around.rooms))
        count = len(self.around.rooms)
        words = f"+{count} {', '.join(names[:2])}" + (", …" if len(names) > 2 else "")
        words = words.replace("…", self._room.look.signs.ellipsis) if count else ""
        if words != self._room.header.status.others:
            self._room.header.say(others=words)
        news = [entry for entry in self.around.fresh if rooms.is_news(entry)]
        for entry in news[:_AT_ONCE]:
            self._say(f"{clean(entry.person.short)}: {clean(rooms.told(entry))}", entry.result)
        if more := len(news) - _AT_ONCE if len(news) > _AT_ONCE else 0:
            self._say(f"and {more} more acts of others", "done")

    def _say(self, words: str, result: str) -> None:
        well = result == "done"
        self._app.notify(
            words, severity="information" if well else "warning", timeout=6, markup=False
        )
