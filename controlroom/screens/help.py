"""Help: every key and every verb, from the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Button, Static

from controlroom.commands.registry import panes, verbs, with_key
from controlroom.panes.signs import Signs, spelled
from controlroom.panes.text import wrapped
from controlroom.screens.dialog import Dialog

_GROUPS = ("look", "act", "room")
_KEY, _WORDS = 13, 58
_OF_PAGES = (
    ("pages", "esc q", "one page back, to the room at last; 1-6 goes to a panel at once"),
    ("pages", "enter", "the page of the chosen row"),
    ("pages", "/", "filter while typing: a text, /a regular expression/, ! before it"),
    ("pages", "y Y", "copy the chosen row or what the page shows · copy all of it"),
    ("pages", "r", "ask again now"),
)
"""What `screens.page` understands."""
_LEVELS = {"harmless": "", "reversible": " (asks)", "blast": " (asks for a name)"}


class HelpDialog(Dialog[None]):
    """All keys of this room, then those of the panels, then what can be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark,f1,q", "back")]
    heading = "help"

    def __init__(
        self, read_only: bool, signs: Signs, keys: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        """`keys` are those that panels understand: (panel, keys, what they do)."""
        super().__init__()
        self.keys = (*keys, *_OF_PAGES, ("dialogs", "esc", "one step back, nothing is done"))
        self.read_only = read_only
        self.signs = signs

    def body(self) -> ComposeResult:
        yield Static(self.text(), id="help")

    def text(self) -> Content:
        """The table of keys."""
        lines: list[Content] = []
        for group in _GROUPS:
            rows = [one for one in with_key(self.read_only) if one.group == group]
            if rows:
                lines.append(Content.styled(group, "bold $accent"))
            if group == "look":
                lines += self._row(
                    f"1-{min(9, len(panes()))}", f"Focus a panel: {', '.join(panes())}"
                )
            for action in rows:
                if not action.id.startswith("pane_"):
                    lines += self._row(action.label, action.help + _LEVELS[action.level])
        lines.append(Content.styled("in a panel", "bold $accent"))
        for pane, keys, words in self.keys:
            lines += self._row(keys, f"{pane}: {words}")
        lines.append(Content.styled("typed after :", "bold $accent"))
        for verb in verbs(inside=True):
            lines += self._row(verb.name, verb.line)
        return Content("\n").join(lines)

    def _row(self, keys: str, words: str) -> list[Content]:
        """The key, and what it does in as many lines as it takes."""
        first, *more = wrapped(words, _WORDS)
        key = f"  {spelled(keys, self.signs)}".ljust(_KEY)
        return [Content.assemble((key, "bold"), first), *(Content(" " * _KEY + w) for w in more)]

    def buttons(self) -> ComposeResult:
        yield Button("Close", id="cancel", compact=True)
