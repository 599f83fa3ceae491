"""Is it true: the books in full, partition by partition, and what was rejected or repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from controlroom.commands.here import Here
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.feed import Source
from controlroom.feeds.partitions import PartitionsSource
from controlroom.feeds.rejections import RejectionsSource
from controlroom.model.frame import BOOKS, Frame
from controlroom.model.partitions import Paces, Partition, Partitions
from controlroom.model.rejections import Reason, Rejection, Rejections
from controlroom.panes import text
from controlroom.panes.books import verdict
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.document import TextPage, pretty
from controlroom.screens.pages.fleet import PodPage
from controlroom.screens.pages.parts import SourcePage, cells
from wire.books import Books, Figure, SideBySide


class BooksPage(Page):
    """Every figure with what it means, of every queue; and where they come from."""

    panel = BOOKS

    def __init__(self, below: Below) -> None:
        super().__init__(below, "books")

    def of(self, below: Below) -> BooksPage:
        """The same of another target."""
        return BooksPage(below)

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom books"

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """Whether they close."""
        sample = frame[BOOKS].value
        if sample is None:
            return []
        word, style = verdict(sample, self.below.look)
        remark = text.clean(sample.books.remark)
        return [Line(((word, style), (f"   {remark}", self.below.look.dim))), Line()]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """What opens something first, then the figures."""
        look, sample = self.below.look, frame[BOOKS].value
        if sample is None:
            return []
        doors: tuple[tuple[str, Callable[[], Page]], ...] = (
            ("partitions: offsets, lag, who has it", lambda: PartitionsPage(self.below)),
            ("rejected and repeated: reasons, examples", lambda: RejectionsPage(self.below)),
        )
        rows = [Line(((words, look.accent),), opens=opens) for words, opens in doors]
        books = sample.books
        every: dict[str, Books] = {"": books}
        if isinstance(books, SideBySide):
            every = {**books.queues, "all": books}
            names = [(name, -13, look.dim) for name in every]
            rows += [Line(), Line(cells([("", 14, look.dim), *names], look))]
        else:
            rows.append(Line())
        told = books.rows() if isinstance(books, SideBySide) else books.figures
        rows += [self._figure(each, every, width) for each in told]
        return rows

    def _figure(self, told: Figure, every: dict[str, Books], width: int) -> Line:
        look = self.below.look
        row = [(told.label or told.name, 14, look.text)]
        for books in every.values():
            own = next((one for one in books.figures if one.name == told.name), None)
            value = books.value(told.name) if own is not None else None
            bad = own is not None and own.fault and value
            row.append(("" if value is None else f"{value:,}", -13, look.bad if bad else look.text))
        spans = cells(row, look)
        room = width - 14 - 13 * len(every) - 3
        return Line((*spans, (f"   {text.fit(told.words, room, look.signs)}", look.dim)))


class PartitionsPage(SourcePage):
    """Where each partition stands, how fast it moves, when it is drained, and who has it."""

    source = "queues"
    every = 1.0
    _FIGURES = (("end", -12), ("committed", -12), ("lag", -9), ("in/s", -8), ("out/s", -8))

    def __init__(self, below: Below) -> None:
        super().__init__(below, "partitions")
        self._paces = Paces()

    def of(self, below: Below) -> PartitionsPage:
        """The same of another target."""
        return PartitionsPage(below)

    async def make(self, here: Here) -> Source:
        """The queues."""
        return PartitionsSource(LiveEndpoints(here.located), await here.scenario())

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom books --partitions"

    def take(self, told: Any) -> None:
        """Keeps the readings of the last seconds too."""
        self.told = told
        self._paces.note(self.below.frame().now, told.rows)

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """Topic, group, members; then the columns."""
        look, told = self.below.look, self._told
        if told is None:
            return []
        dot = f" {look.signs.dot} "
        shares = [f"{name} {count}" for name, count in told.members.items()]
        shared = f"{len(shares)} members: {', '.join(shares)}" if shares else "no member"
        lag = sum(row.lag for row in told.rows)
        words = f"{told.topic}{dot}group {told.group}{dot}lag {lag:,}"
        row = [("partition", 12, look.dim)]
        row += [(name, wide, look.dim) for name, wide in self._FIGURES]
        row += [("drained in", -12, look.dim), ("  member", max(8, width - 75), look.dim)]
        members = [Line(((line, look.dim),)) for line in text.wrapped(text.clean(shared), width)]
        return [Line(((text.clean(words), look.text),)), *members[:3], Line(cells(row, look))]

    @property
    def _told(self) -> Partitions | None:
        told: Partitions | None = self.told
        return told

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row for each."""
        told = self._told
        if told is None or not told.rows:
            said = "nothing waits in this queue, so it has no partitions"
            return [Line(((said, self.below.look.dim),))]
        return [self._row(row, width) for row in told.rows]

    def _row(self, row: Partition, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        pace = self._paces.of(row)
        grows = pace.grows is not None and pace.grows >= 1
        drained = pace.drained_in(row.lag)
        when = none if drained is None else text.span(drained + 1)
        if not row.lag:
            when = "empty"
        elif grows:
            when = f"{look.signs.up} +{pace.grows:,.0f}/s"
        behind = look.warn if grows else look.text
        figures = [
            none if value is None else f"{value:,}" for value in (row.end, row.committed, row.lag)
        ] + [text.rate(pace.comes, none), text.rate(pace.goes, none)]
        styles = [look.text, look.text, behind, look.dim, look.dim]
        cut = [
            (words, wide, style)
            for words, (_, wide), style in zip(figures, self._FIGURES, styles, strict=True)
        ]
        member = row.member or ("nobody" if row.end is not None else "")
        name = f"{row.queue} {row.number}"
        line = [(name, 12, look.text), *cut, (when, -12, behind)]
        line.append((f"  {member}", max(8, width - 75), look.text if row.member else look.warn))
        opens = (lambda: PodPage(self.below, row.member)) if row.member else None
        return Line(cells(line, look), opens=opens)


class RejectionsPage(SourcePage):
    """Counts by reason, the most frequent first."""

    source = "log"
    every = 5.0

    def __init__(self, below: Below) -> None:
        super().__init__(below, "rejected")

    def of(self, below: Below) -> RejectionsPage:
        """The same of another target."""
        return RejectionsPage(below)

    async def make(self, here: Here) -> Source:
        """The document store."""
        return RejectionsSource(LiveEndpoints(here.located), await here.scenario())

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom books --rejected"

    @property
    def _told(self) -> Rejections | None:
        told: Rejections | None = self.told
        return told

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """How many there are in all, and how many were looked at."""
        look, told = self.below.look, self._told
        if told is None:
            return []
        words = f"{told.total:,} rejected, {told.repeated:,} repeated in all"
        seen = f"; counted here: the newest {len(told.rows):,} that are kept"
        row = [("count", -8, look.dim), ("  newest", 12, look.dim), ("reason", 40, look.dim)]
        return [Line(((words, look.text), (seen, look.dim))), Line(cells(row, look))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row for each reason."""
        told, look = self._told, self.below.look
        if told is None or not told.rows:
            return [Line((("nothing was rejected", look.good),))]
        return [self._reason(reason, told, width) for reason in told.reasons()]

    def _reason(self, reason: Reason, told: Rejections, width: int) -> Line:
        look = self.below.look
        words = reason.reason if not reason.repetition else "repeats an event of the same id"
        row = [
            (f"{reason.count:,}", -8, look.bright),
            (f"  {text.time_of_day(reason.newest.stored)}", 12, look.dim),
            (words, width - 21, look.text),
        ]
        own = told.of(reason.reason)
        return Line(cells(row, look), opens=lambda: ExamplesPage(self.below, own))


class ExamplesPage(Page):
    """The newest records that were refused for one reason."""

    def __init__(self, below: Below, rows: Sequence[Rejection]) -> None:
        super().__init__(below, rows[0].reason)
        self._examples = rows

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """A row for each."""
        look, rows = self.below.look, []
        for each in self._examples:
            row = [
                (text.moment(each.stored), 14, look.dim),
                (each.origin, 8, look.dim),
                (each.value, width - 23, look.text),
            ]
            rows.append(Line(cells(row, look), opens=self._opening(each)))
        return rows

    def _opening(self, each: Rejection) -> Callable[[], Page]:
        facts = [
            f"reason    {each.reason}",
            f"place     {each.place}",
            *([f"repeats   {each.repeats}"] if each.repeats else []),
            f"origin    {each.origin}",
            f"produced  {text.moment(each.produced)}   stored {text.moment(each.stored)}",
            "",
            *pretty(each.value),
        ]
        return lambda: TextPage(self.below, each.place, facts, each.value)
