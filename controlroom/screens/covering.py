"""A screen that covers the room: which keys of the room count there; of the others it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

if TYPE_CHECKING:
    from controlroom.commands.command import Command

FROM_HERE = ("export", "limit", "runs", "sides", "users")
"""Commands that look at something and open it above such a screen too."""
HelpRow = tuple[str, str]
"""Keys, and what they do."""
OF_PAGES: tuple[HelpRow, ...] = (
    ("esc q", "one page back, to the room at last; 1-6 goes to a panel at once"),
    ("enter", "the page of the chosen row"),
    ("y Y C", "copy the chosen row or what the page shows · all of it · its command"),
    ("r", "ask again now"),
)
"""What every page understands."""
OF_FILTERS: tuple[HelpRow, ...] = (
    ("/", "filter while typing: a text, /a regular expression/, ! before it"),
    ("n N &", "next match, the one before · all lines, or the matches alone"),
)
"""What pages understand whose lines can be filtered."""


class Covering(Screen[None]):
    """Nobody sees the panels below it, so that no key acts on what is chosen in one of them."""

    refuses: ClassVar[tuple[str, ...]] = ()
    """Acts that are not carried out from here, because they are about a row of a panel."""

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """What it understands itself, for the help."""
        return ()

    @property
    def words(self) -> str:
        """All that it shows, as text."""
        return ""

    def leave_for(self, action: Command) -> bool:
        """Whether an action of the room is carried out from here; says so where it is not. The
        number of a panel goes back to the room first."""
        if action.id.startswith("pane_"):
            while isinstance(self.app.screen, Covering):
                self.app.pop_screen()
            return True
        counts = action.id not in self.refuses
        if counts and (action.group != "look" or action.id in FROM_HERE):
            return True
        key = action.label or action.title
        self.app.notify(
            f"{key} is a key of the room and does nothing here: esc goes back.",
            markup=False,
            timeout=4,
        )
        return False
