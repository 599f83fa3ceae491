"""A page whose lines can be filtered: `/` begins, what is typed counts at once, esc ends it."""

from __future__ import annotations

from textual import events

from controlroom.model.needle import Needle, NeedleError
from controlroom.screens.page import Below, Line, Page


class FilterPage(Page):
    """`needle` says which lines; subclasses ask it."""

    def __init__(self, below: Below, *crumbs: str) -> None:
        super().__init__(below, *crumbs)
        self.needle = Needle("")
        self.wrong = ""
        """What is wrong with what is typed."""
        self._typed: str | None = None
        """What has been typed so far; None while nothing is typed."""

    def retyped(self) -> None:
        """The needle is another; for pages that look for it elsewhere than in their lines."""

    def entered(self) -> None:
        """Enter ended the typing."""

    def on_key(self, event: events.Key) -> None:
        """Letters go into the needle while it is typed; `/` begins."""
        if self._typed is None:
            if event.key != "slash":
                return
            self._typed = self.needle.text
        elif event.key in ("escape", "enter"):
            self._end(event.key == "enter")
        elif event.key == "backspace":
            self._retype(self._typed[:-1])
        elif event.key == "ctrl+u":
            self._retype("")
        elif event.character is not None and event.is_printable:
            self._retype(self._typed + event.character)
        else:
            return
        event.stop()
        event.prevent_default()
        self.draw()

    def _end(self, entered: bool) -> None:
        self._typed = None
        if entered:
            self.entered()
        elif self.needle.text:
            self._retype("", typing=False)

    def _retype(self, words: str, typing: bool = True) -> None:
        self._typed = words if typing else None
        try:
            self.needle = Needle(words)
            self.wrong = ""
        except NeedleError as error:
            self.wrong = str(error)
            return
        self.retyped()

    def prompt(self, found: str) -> list[Line]:
        """The row in which the needle stands; none where there is no needle. `found` tells how many
        lines it fits."""
        look = self.below.look
        if self._typed is None and not self.needle.text:
            return []
        words = self.needle.text if self._typed is None else self._typed
        cursor = "" if self._typed is None else "_"
        spans = [("/", look.key), (words, look.bright), (cursor, look.accent)]
        said = (self.wrong, look.warn) if self.wrong else (found, look.dim)
        return [Line(tuple(spans), (said,))]
