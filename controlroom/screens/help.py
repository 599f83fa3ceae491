"""Help: every key, from the registry."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Button, Static

from controlroom.actions import PANE_KEYS, available
from controlroom.panes.signs import Signs, spelled
from controlroom.screens.dialog import Dialog

_GROUPS = (("look", "look"), ("act", "act"), ("room", "room"))
_LEVELS = {"harmless": "", "reversible": " (asks)", "blast": " (asks for a name)"}


class HelpDialog(Dialog[None]):
    """All actions of this room, then the keys of the panels."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark,f1,q", "back")]
    heading = "help"

    def __init__(self, read_only: bool, signs: Signs) -> None:
        super().__init__()
        self.read_only = read_only
        self.signs = signs

    def body(self) -> ComposeResult:
        yield Static(self.text(), id="help")

    def text(self) -> Content:
        """The table of keys."""
        lines: list[Content] = []
        for group, title in _GROUPS:
            rows = [a for a in available(self.read_only) if a.group == group]
            if rows:
                lines.append(Content.styled(title, "bold $accent"))
            for action in rows:
                lines.append(self._row(action.label, action.help + _LEVELS[action.level]))
        lines.append(Content.styled("in a panel", "bold $accent"))
        lines += [self._row(keys, f"{pane}: {words}") for pane, keys, words in PANE_KEYS]
        return Content("\n").join(lines)

    def _row(self, keys: str, words: str) -> Content:
        return Content.assemble((f"  {spelled(keys, self.signs):<11}", "bold"), words)

    def buttons(self) -> ComposeResult:
        yield Button("Close", id="cancel", compact=True)
