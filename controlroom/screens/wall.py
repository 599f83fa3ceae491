"""A room on the wall: the layout and its panels one after the other, and no key that changes it.

Nobody stands there, so whoever leans on the keyboard changes nothing: keys but those that leave,
end it or help are refused with a sentence, and the mouse is not heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.screen import ModalScreen

from controlroom.commands.registry import key_label, named
from controlroom.layouts import Layout
from controlroom.panes.tallies import TalliesPane

if TYPE_CHECKING:
    from textual.timer import Timer

    from controlroom.screens.room import RoomScreen

ALLOWED = ("wall", "help", "quit")
"""Commands that a key has meanwhile."""
STANDS = 4.0
"""Seconds for which the sentence about keys stands."""
PACE = 15
"""Seconds for which each is shown, where nothing is set."""


class Wall:
    """Goes from one to the next while it is on; ends with the layout that was there before."""

    def __init__(
        self,
        room: RoomScreen,
        seconds: float,
        go_on: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """`seconds`: how long each is shown; `go_on` ends a pause, `say` tells a sentence."""
        self.seconds = seconds
        self._go_on = go_on
        self._room = room
        self._clock: Timer | None = None
        self._say = say
        self._before: Layout | None = None
        self._at = 0
        self._rounds = 0
        self._refused = -STANDS

    @property
    def on(self) -> bool:
        """Whether keys are refused."""
        return self._before is not None

    @property
    def _seen(self) -> bool:
        return self.on and self._room.app.screen is self._room

    @property
    def stations(self) -> tuple[str, ...]:
        """What is shown in turn: all panels of the layout, the empty name, and each alone."""
        shown = self._before.panels if self._before is not None else ()
        return ("", *(shown or self._room.panes))

    def do_wall(self) -> None:
        """Begins, from pages too, or ends; from no dialog."""
        app = self._room.app
        if isinstance(app.screen, ModalScreen):
            return
        while app.screen is not self._room:
            app.pop_screen()
        if self.on:
            self.end()
        else:
            self.begin()

    def begin(self) -> None:
        """With all panels. A screen that is held goes on: no key could do that later."""
        self._go_on()
        self._clock = self._room.set_interval(self.seconds, self.step)
        self._before, self._at, self._rounds = self._room.layout_now, 0, 0
        self._tell()
        self._show()

    def end(self) -> None:
        """As it was before."""
        before, self._before = self._before, None
        if before is not None and self._clock is not None:
            self._clock.stop()
            self._tell()
            self._room.lay_out(before)

    def step(self) -> None:
        """The next one, but not below the help. Of the tallies another view each time round."""
        if not self._seen:
            return
        self._at = (self._at + 1) % len(self.stations)
        self._rounds += self._at == 0
        self._show()

    def refuses(self, event: events.Event) -> bool:
        """Whether that key, or the mouse, is not to be heard; of a key it is said. The help has
        its own."""
        if not self._seen:
            return False
        if not isinstance(event, events.Key):
            return isinstance(event, events.InputEvent | events.Paste)
        kept = [key for name in ALLOWED for key in named(name).key.split(",")]
        if event.key in kept:
            return False
        self.refuse()
        return True

    def refuse(self) -> None:
        """Says how the wall is ended; of keys that follow each other once."""
        now = time.monotonic()
        if now - self._refused < STANDS:
            return
        self._refused = now
        self._say(f"The wall takes no keys: {key_label('wall')} ends it.")

    def _tell(self) -> None:
        self._room.header.say(wall=self.on)
        self._room.footer.only = ALLOWED if self.on else ()
        self._room.footer.redraw()

    def _show(self) -> None:
        assert self._before is not None
        name = self.stations[self._at]
        now = replace(self._before, view="", zoom=bool(name), focus=name or self._before.focus)
        self._room.lay_out(now)
        if name == TalliesPane.pane_id and self._rounds:
            self._room.tallies.page(1)
