"""The lines of the log one by one, each of which opens its document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from controlroom.model.finding import KAFKA, Hit, RecordLine, Wanted
from controlroom.model.frame import LOG, Frame
from controlroom.model.log import LogLine
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Many, Page
from controlroom.screens.pages.document import DocumentPage
from controlroom.screens.pages.filtering import FilterPage
from controlroom.screens.pages.record import RecordPage


def line_of(line: Hit, page: FilterPage) -> Line:
    """A row with its place, the hits marked."""
    look = page.below.look
    head = f"{text.moment(line.stored)} p{line.partition:02d} o{line.offset:07d}"
    words = text.clean(line.text)
    spans = text.marked(words, page.needle.spots(words), look.text, look.badge)
    return Line(
        ((head, look.dim), (page.sign(line.text), look.key), *spans),
        opens=lambda: _behind(page.below, line),
    )


def _behind(below: Below, line: Hit) -> Page:
    return RecordPage(below, line) if isinstance(line, RecordLine) else DocumentPage(below, line)


class LogPage(FilterPage):
    """The newest lines of the room's log; it stands still where a row is chosen."""

    panel = LOG
    follows = True
    keys = (("/", "filter"), ("s", "look in the store"), ("K", "in Kafka"), ("G", "follow"))
    BINDINGS: ClassVar[list[BindingType]] = [("s", "store"), ("K", "kafka")]

    def __init__(self, below: Below, needle: str = "") -> None:
        super().__init__(below, "log")
        if needle:
            self._retype(needle, typing=False)
        self._held: tuple[LogLine, ...] | None = None

    def of(self, below: Below) -> LogPage:
        """The same of another target."""
        return LogPage(below, self.needle.text)

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom logs --follow"

    def entered(self) -> None:
        """Looks in the store where nothing here fits."""
        if self.needle.text and not self._fitting(self.below.frame()):
            self.action_store()

    def action_store(self) -> None:
        """The needle, looked for in all that is stored."""
        from controlroom.screens.pages.finding import FoundPage

        if self.needle.text:
            self.open(FoundPage(self.below, f'"{self.needle.text}"', Wanted(self.needle)))

    def action_kafka(self) -> None:
        """The needle, looked for in the records of Kafka; without one the newest of them."""
        from controlroom.screens.pages.finding import FoundPage

        crumb = f'"{self.needle.text}"' if self.needle.text else "records"
        self.open(FoundPage(self.below, crumb, Wanted(self.needle), KAFKA))

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """The needle, where there is one."""
        every = self._every(frame)
        found = sum(self.needle.fits(line.text) for line in every)
        return self.prompt(f"{found:,} of the newest {len(every):,} lines")

    def texts(self, frame: Frame) -> Sequence[str]:
        """As the store has them."""
        return [line.text for line in self._fitting(frame)]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Those that fit, oldest first."""
        found = self._fitting(frame)
        if not found:
            hint = "nothing here holds that text" if self.needle.text else "no documents yet"
            return [Line(((hint, self.below.look.dim),))]
        return Many(len(found), lambda n: line_of(found[n], self))

    def _every(self, frame: Frame) -> tuple[LogLine, ...]:
        """All lines; while one is chosen those that were there then, so that it stays chosen."""
        view = frame[LOG].value
        if self.following or self._held is None:
            self._held = view.lines if view is not None else ()
        return self._held

    def _fitting(self, frame: Frame) -> list[LogLine]:
        return [line for line in self._every(frame) if self.passes(line.text)]
