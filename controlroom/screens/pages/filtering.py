"""A page whose lines can be filtered: `/` begins, what is typed counts at once, esc ends it.

`n` and `N` go from match to match; `&` shows the other lines too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from controlroom.model.frame import Frame
from controlroom.model.matches import NONE_HERE, NOTHING, Match, beside, places
from controlroom.model.needle import Needle, NeedleError
from controlroom.screens.covering import OF_FILTERS, OF_PAGES, HelpRow
from controlroom.screens.page import Below, Line, Page


class FilterPage(Page):
    """`needle` says which lines; subclasses ask `passes`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("n", "match(1)"),
        ("N", "match(-1)"),
        ("ampersand", "all_lines"),
    ]

    def __init__(self, below: Below, *crumbs: str) -> None:
        super().__init__(below, *crumbs)
        self.needle = Needle("")
        self.wrong = ""
        """What is wrong with what is typed."""
        self._typed: str | None = None
        """What has been typed so far; None while nothing is typed."""
        self.only = True
        """Whether only lines that fit the needle are shown."""
        self._match: Match | None = None
        """The match that was gone to and is still the chosen row."""

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """With what the filter understands."""
        own = [one for one in self.keys if one[0] != "/"]
        return (*own, *OF_FILTERS, *OF_PAGES)

    def texts(self, frame: Frame) -> Sequence[str]:
        """The lines that the needle is about, one for each row that can be chosen."""
        raise NotImplementedError

    def passes(self, line: str) -> bool:
        """Whether that line is shown."""
        return not self.only or self.needle.fits(line)

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

    def sign(self, line: str) -> str:
        """What stands before a line that fits, where others are shown too."""
        fits = not self.only and bool(self.needle.text) and self.needle.fits(line)
        return self.below.look.signs.dot if fits else " "

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
        self._match = None
        self.retyped()

    def action_match(self, step: int) -> None:
        """The next match, or the one before; the newest first where lines are followed."""
        texts = self.texts(self.below.frame())
        fitting = places(texts, self.needle) if self.needle.text else []
        newest = self.following and self._match is None
        found = beside(fitting, len(texts), -1) if newest else beside(fitting, self._chosen, step)
        if found is None:
            said = NONE_HERE if self.needle.text else NOTHING
            self.app.notify(said, markup=False, timeout=4)
            return
        self.following = False
        self._chosen, self._match = found.at, found
        self.draw()

    def action_all_lines(self) -> None:
        """All lines with the matches marked, or the matches alone; the chosen one stays chosen."""
        if not self.needle.text:
            self.app.notify(NOTHING, markup=False, timeout=4)
            return
        frame = self.below.frame()
        before, at = self.texts(frame), self._chosen
        fits = [self.needle.fits(line) for line in before]
        self.only, self._match = not self.only, None
        if self.only:
            self._chosen = sum(fits[:at])
        else:
            fitting = places(self.texts(frame), self.needle)
            self._chosen = fitting[min(at, len(fitting) - 1)] if fitting else 0
        self.draw()

    def action_move(self, step: int) -> None:
        """Away from the match."""
        self._match = None
        super().action_move(step)

    def prompt(self, found: str) -> list[Line]:
        """The row in which the needle stands; none where there is no needle. `found` tells how many
        lines it fits."""
        look = self.below.look
        if self._typed is None and not self.needle.text:
            return []
        words = self.needle.text if self._typed is None else self._typed
        cursor = "" if self._typed is None else "_"
        spans = [("/", look.key), (words, look.bright), (cursor, look.accent)]
        if self._typed is None:
            others = " all lines" if self.only else " these alone"
            spans.append(("   ", look.dim))
            for key, does in (("n", " next "), ("N", " previous "), ("&", others)):
                spans += [(key, look.key), (does, look.dim)]
        said = (self._match.said, look.accent) if self._match else (found, look.dim)
        return [Line(tuple(spans), ((self.wrong, look.warn) if self.wrong else said,))]
