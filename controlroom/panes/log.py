"""The log: follows the newest stored documents, or holds still where one has scrolled to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from controlroom.model.frame import LOG, Frame
from controlroom.model.log import LogLine, LogView
from controlroom.model.matches import NONE_HERE, NOTHING, Match, beside, places
from controlroom.model.needle import Needle
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.signs import spelled
from controlroom.panes.text import Span

_PAGE = 200
"""Older lines that are asked for at once."""
_MEMBERS = 1000
"""Members whose colours are kept."""
_WIDE = 56
"""Cells from which on a line has milliseconds and its offset."""
_READABLE = 1.0
"""Seconds for which a page stays when the next one is new from top to bottom."""


class LogPane(Pane):
    """Only visible lines are cut, padded and coloured, so the others cost nothing."""

    pane_id = "log"
    key = LOG
    engine = "mongo"
    command = "controlroom logs"
    keys = (
        ("j k ↑ ↓", "one line on or back; back leaves follow"),
        ("PgUp PgDn", "one page back or on"),
        ("g G", "oldest line · newest line and follow"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "move(-1)"),
        ("down,j", "move(1)"),
        ("pageup,ctrl+u", "page(-1)"),
        ("pagedown,ctrl+d", "page(1)"),
        ("g,home", "oldest"),
        ("G,end", "newest"),
        ("escape", "newest"),
    ]

    @dataclass
    class OlderWanted(Message):
        """The user has scrolled to the first line that is here."""

        before_first: int
        n: int

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.needle = ""
        """What lines are looked for (see model.needle)."""
        self.only = True
        """Whether only lines that fit it are shown; else all are, and these are marked."""
        self._looked = Needle("")
        self._match: Match | None = None
        """The match that was gone to, among the lines that are held."""
        self._gone_to: LogLine | None = None
        """Its line."""
        self._seen: dict[str, int] = {}
        """Members in the order in which they were first drawn."""
        self._held: LogView | None = None
        self._older: list[LogLine] = []
        self._asked = False
        self._first = 0
        """Index of the first visible line among the held ones; not used while following."""
        self._matches: tuple[tuple[LogLine, ...] | None, str, Sequence[LogLine]] = (None, "", ())

    def show(self, frame: Frame) -> None:
        """Takes the newest frame. While more lines come than fit, the page changes once a second:
        nobody reads faster, and drawing all rows is what a room costs under load."""
        if not self._floods(frame):
            super().show(frame)

    def _floods(self, frame: Frame) -> bool:
        if self.frame is None or not self.following:
            return False
        view, shown = frame[LOG].value, self.frame[LOG].value
        if view is None or shown is None or not 0 < frame.now - self.frame.now < _READABLE:
            return False
        return _reached(view) - _reached(shown) >= self._room

    @property
    def following(self) -> bool:
        """Whether the newest line is shown."""
        return self._held is None

    @property
    def top_line(self) -> LogLine | None:
        """The first visible line while scrolled back."""
        lines = self.lines
        return lines[self._first] if self._held is not None and self._first < len(lines) else None

    @property
    def picked_line(self) -> LogLine | None:
        """The match that was gone to, else the first visible line, or the newest where lines are
        followed; None while there is none."""
        if self._match is not None:
            return self._gone_to
        if not self.following:
            return self.top_line
        return self.lines[-1] if self.lines else None

    @property
    def has_lines(self) -> bool:
        """Whether any line is there that the filter lets through."""
        return bool(self.lines)

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 3)

    def title(self, frame: Frame, width: int) -> Title:
        dot, view = self.look.signs.dot, frame[LOG].value
        state = "follow" if self.following else "held"
        if view is not None and self._held is not None:
            new = _reached(view) - _reached(self._held)
            state = f"held {dot} {new:,} newer {dot} G follows"
        if self.needle:
            state += f' {dot} {"" if self.only else "marks "}"{self.needle}"'
        stored = "" if view is None else f"{view.total:,} stored {dot} {self.age_text(frame)}"
        return Title(f"log {dot} {state}", stored)

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        view = frame[LOG].value
        assert view is not None
        room = height - 1
        lines = self.lines
        if self.following:
            shown = lines[-room:] if room else ()
        else:
            self._first = max(0, min(self._first, len(lines) - room))
            shown = lines[self._first : self._first + room]
        self._gone_to = None if self._match is None else lines[self._match.at]
        rows = [self._header(view, len(lines), width)]
        rows += [self._line(line, width) for line in shown]
        if not shown:
            searching = "nothing here holds that text; enter looks for it in the store"
            hint = searching if self.needle else "no documents yet"
            rows.append(text.row([(hint, self.look.dim)], width, self.look.text))
        return rows

    def _header(self, view: LogView, count: int, width: int) -> Strip:
        """Names of the columns; at the right end what is not shown, and how to go back."""
        look, signs = self.look, self.look.signs
        names = f"{'time':<13}part offset   document"
        if width < _WIDE:
            names = f"{'time':<9}part document"
        after: list[Span] = []
        if self.following and self.needle and count:
            others = "all lines" if self.only else "matches alone"
            after = [(f"  n N go to a match {signs.dot} & {others}", look.dim)]
        elif self.following and view.skipped_now:
            after = [(f"  {signs.ellipsis} {view.skipped_now:,}/s more", look.dim)]
        elif self._match is not None:
            after = [(f"  {self._match.said} {signs.dot} esc follows", look.accent)]
        elif not self.following:
            words = f"  line {self._first + 1:,} of {count:,} here {signs.dot} g oldest"
            after = [(f"{words} {signs.dot} esc follows", look.accent)]
        return text.ends([(names, look.dim)], after, width, look.text)

    def _line(self, line: LogLine, width: int) -> Strip:
        look = self.look
        head = f"{text.moment(line.stored)} p{line.partition:02d}  o{line.offset:07d} "
        if width < _WIDE:
            head = f"{text.time_of_day(line.stored)} p{line.partition:02d}  "
        words = text.clean(spelled(line.text, look.signs))
        of = self._colour(line.member)
        cut = text.fit_ends(words, width - len(head), look.signs)
        plain = of if line.member else look.text
        hits = text.marked(cut, self._looked.spots(cut), plain, look.badge)
        return text.row([(head[:-1], look.dim), (self._mark(line), look.key), *hits], width, of)

    def _mark(self, line: LogLine) -> str:
        """A sign before the match that was gone to, and before others where all lines are shown."""
        if line is self._gone_to:
            return self.look.signs.run
        marked = not self.only and self.needle and self._looked.fits(line.text)
        return self.look.signs.dot if marked else " "

    def _colour(self, member: str) -> Style:
        """A member keeps its colour; the next ones get the next colours."""
        if len(self._seen) >= _MEMBERS:
            self._seen.clear()
        place = self._seen.setdefault(member, len(self._seen))
        return self.look.members[place % len(self.look.members)]

    @property
    def lines(self) -> Sequence[LogLine]:
        """All lines that can be shown now, oldest first; those that fit the filter."""
        view = self._held or (self.frame[LOG].value if self.frame else None)
        if view is None:
            return ()
        if not self.needle or not self.only:
            return (*self._older, *view.lines) if self._older else view.lines
        if self._matches[0] is not view.lines or self._matches[1] != self.needle:
            every = (*self._older, *view.lines)
            found = [line for line in every if self._looked.fits(line.text)]
            self._matches = (view.lines, self.needle, found)
        return self._matches[2]

    def search(self, needle: str) -> None:
        """Shows only lines that hold the text, or fit the expression, as `Needle` has it; an empty
        one shows all. Raises NeedleError."""
        self._looked = Needle(text.clean(needle))
        self.needle = self._looked.text
        self._match = None
        self._matches = (None, "", ())
        self.redraw()

    def show_all(self) -> str:
        """All lines with the matches marked, or the matches alone; where one has gone to a match or
        has scrolled back, that stays. Answers what is to be said."""
        if not self.needle:
            return NOTHING
        lines, match = self.lines, self._match
        at = self._first if match is None else match.at
        kept = lines[at] if not self.following and at < len(lines) else None
        self.only = not self.only
        self._match = None
        if kept is not None:
            self._return_to(kept, match is not None)
        self.redraw()
        return ""

    def _return_to(self, line: LogLine, matched: bool) -> None:
        """After other lines are shown: to the one that was seen, or one after it that fits."""
        lines = self.lines
        fitting = self._fitting()
        at = next((n for n, each in enumerate(lines) if each is line), -1)
        if at < 0 and self._held is not None:
            every = [*self._older, *self._held.lines]
            after = {id(each) for each in every[every.index(line) :]}
            at = next((n for n, each in enumerate(lines) if id(each) in after), len(lines) - 1)
        if matched:
            self._match = beside(fitting, at - 1, 1)
        self._first = max(0, at - (self._room // 2 if matched else 0))

    def _fitting(self) -> Sequence[int]:
        """Indexes of the matches among the lines that are shown."""
        lines = self.lines
        return range(len(lines)) if self.only else places([o.text for o in lines], self._looked)

    def go_to_match(self, step: int) -> str:
        """The next match (1), or the one before (-1); from the newest on where nothing was gone to.
        Answers what is to be said where there is none."""
        view = self.frame[LOG].value if self.frame else None
        if not self.needle:
            return NOTHING
        if view is None or not (fitting := self._fitting()):
            return f"{NONE_HERE} Enter looks for it in the store."
        if self.following:
            self._held = view
            self._first = max(0, len(self.lines) - self._room)
            found = beside(fitting, len(self.lines), -1)
        else:
            here = self._here(step)
            if step > 0 and here >= fitting[-1] and self._catch_up(view):
                fitting = self._fitting()
            found = beside(fitting, here, step)
        assert found is not None
        self._match = found
        if not self._first <= found.at < self._first + self._room:
            self._first = max(0, found.at - self._room // 2)
        if self._first == 0:
            self._ask_for_older()
        self.redraw()
        return ""

    def _here(self, step: int) -> int:
        """The line to go on from: the match, or the edge of what is seen where it is elsewhere."""
        first, end = self._first, self._first + self._room
        if self._match is not None and first <= self._match.at < end:
            return self._match.at
        return first - 1 if step > 0 else end

    def _catch_up(self, view: LogView) -> bool:
        """Holds the lines too that have come since, where none between is gone from the ring."""
        held = self._held
        if held is None or not held.first <= view.first <= held.first + len(held.lines):
            return False
        self._older = [*self._older, *held.lines[: view.first - held.first]]
        self._held = view
        self._matches = (None, "", ())
        return True

    def action_move(self, step: int) -> None:
        """Scrolls by lines; down past the newest line follows again."""
        view = self.frame[LOG].value if self.frame else None
        if view is None or (self.following and step > 0):
            return
        if self._held is None:
            self._held = view
            self._first = max(0, len(self.lines) - (self._room))
        self._first += step
        if self._first + self._room > len(self.lines):
            self.action_newest()
            return
        if self._first <= 0:
            self._ask_for_older()
        self._first = max(0, self._first)
        self.redraw()

    def action_page(self, step: int) -> None:
        """Scrolls by pages."""
        self.action_move(step * max(1, self._room - 1))

    def action_oldest(self) -> None:
        """To the first line that is here; again to ask for older ones."""
        self.action_move(-len(self.lines) - 1)

    def action_newest(self) -> None:
        """Follows again."""
        self._held = self._match = None
        self._older = []
        self._asked = False
        self._matches = (None, "", ())
        self.redraw()

    def _ask_for_older(self) -> None:
        if self._held is None or self._asked:
            return
        self._asked = True
        self.post_message(self.OlderWanted(self._held.first - len(self._older), _PAGE))

    def ask_again(self) -> None:
        """The answer did not come; the next step back asks once more."""
        self._asked = False

    def add_older(self, lines: Sequence[LogLine]) -> None:
        """Lines that stand before those held; what is visible stays where it is."""
        if self._held is None or not lines:
            return
        self.ask_again()
        before = len(self.lines)
        self._older = [*lines, *self._older]
        self._matches = (None, "", ())
        more = len(self.lines) - before
        self._first += more
        if self._match is not None:
            self._match = beside(self._fitting(), self._match.at + more - 1, 1)
        self.redraw()


def _reached(view: LogView) -> int:
    """Lines that have come, fetched or not, since the room opened."""
    return view.first + len(view.lines) + view.skipped
