"""The books: in the panel, and in one line for small terminals."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from controlroom.model.books import BooksSample
from controlroom.model.frame import BOOKS, QUEUES, Frame
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Rows, Title, moment_of
from controlroom.panes.text import Span
from wire.books import Books, Figure, SideBySide

_NAME, _FIGURE = 14, 11


_ROOMY = 14
"""Rows from which on each figure is told with what it means."""
_LEAST = 5
"""Rows from which on there is room for the queue time below the columns of several queues."""
_FIRST = ("acknowledged", "stored", "in_flight", "lost", "doubled", "counted", "rejected")
"""Figures in the order in which they get a row where there are few."""


def _chosen(books: SideBySide, most: int) -> list[Figure]:
    """The figures for so many rows, in their own order. Faults go first, then what says most, then
    what single queues tell."""
    listed = [each for each in books.rows() if each.name not in ("purged", "repeated")]

    def rank(figure: Figure) -> tuple[int, int]:
        wrong = any(
            told.fault and own.value(told.name)
            for own in books.queues.values()
            for told in own.figures
            if told.name == figure.name
        )
        known = _FIRST.index(figure.name) if figure.name in _FIRST else len(_FIRST)
        told_now = any(
            own.value(figure.name) for own in books.queues.values() if hasattr(own, figure.name)
        )
        hidden = (figure.rare or figure.seldom) and not told_now
        return (0 if wrong else 2 if hidden else 1, known)

    kept = [each for each in sorted(listed, key=rank) if rank(each)[0] < 2][: max(0, most)]
    return [each for each in listed if each in kept]


def verdict(sample: BooksSample, look: Look) -> Span:
    """The one word about the books, with its sign."""
    books, signs = sample.books, look.signs
    if books.faults:
        return f"{signs.fault} do not close", look.bad
    if books.unaudited:
        left = sample.seconds_left
        rest = "" if left is None else f" {signs.dot} {text.span(left)} left"
        return f"counting {sample.audited:.0%}{rest}", look.dim
    if books.in_flight:
        return "closing", look.dim
    return f"{signs.good} closed", look.good


class BooksPane(Pane):
    """Whether everything that was acknowledged is counted and stored, once."""

    pane_id = "books"
    key = BOOKS
    engine = "books"
    command = "controlroom books"

    def title(self, frame: Frame, width: int) -> Title:
        sample = frame[BOOKS].value
        if sample is None:
            return Title("books")
        dot = self.look.signs.dot
        asides = [(aside, sample.books.value(name)) for name, aside in sample.books.asides]
        beside = [f"limit: {sample.limit}"] if sample.limit else []
        beside += [f"{value:,} {aside}" for aside, value in asides if value]
        name = f" {dot} ".join(["books", *beside])
        return Title(name, f"{verdict(sample, self.look)[0]} {dot} {self.age_text(frame)}")

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        sample = frame[BOOKS].value
        assert sample is not None
        look, books = self.look, sample.books
        if height >= _ROOMY:
            return self._told(frame, sample, width, height)
        if isinstance(books, SideBySide):
            room = max(1, height - (height > _LEAST))
            rows = self._columns(books, width, room)
            return [*rows, self._queue_time(sample, width)] if height > _LEAST else rows
        named = {figure.name: figure for figure in books.figures}
        gap = max(2, min(8, width - 2 * (_NAME + _FIGURE)))
        rows = []
        for pair in books.pairs:
            sure = not books.unaudited
            figures = (self._figure(named[name], books.value(name), sure) for name in pair)
            spans = [*next(figures), (" " * gap, look.text), *next(figures)]
            rows.append(text.row(spans, width, look.text))
        return [*rows, self._queue_time(sample, width)]

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The queue too, where there is room for its partitions."""
        queues = frame[QUEUES].value if self.size.height > _ROOMY else None
        return (*super().basis(frame), queues)

    def _told(self, frame: Frame, sample: BooksSample, width: int, height: int) -> list[Strip]:
        """Every figure with what it means, the queue time, what waits in each partition."""
        look, books = self.look, sample.books
        rows: list[Strip] = []
        if isinstance(books, SideBySide):
            rows = [*self._columns(books, width, height // 2), text.row([], width, look.text)]
        else:
            for told in books.figures:
                value = books.value(told.name)
                if value or not told.seldom:
                    words = text.fit(f"   {told.words}", width - _NAME - _FIGURE - 4, look.signs)
                    spans = self._figure(told, value, not books.unaudited)
                    rows.append(text.row([*spans, (words, look.dim)], width, look.text))
        rows += [self._queue_time(sample, width)]
        if books.remark:
            rows += [
                text.row([(line, look.warn)], width, look.text)
                for line in text.wrapped(books.remark, width)
            ]
        queues = frame[QUEUES].value
        if queues is not None and queues.lag_by_partition:
            room = height - len(rows) - 1
            rows += [text.row([], width, look.text)]
            rows += self._partitions(queues.lag_by_partition, width, room)
        return rows

    def _partitions(self, waiting: Sequence[int], width: int, room: int) -> list[Strip]:
        """What waits in each partition, in as many columns as it takes."""
        look, most = self.look, max(1, *waiting)
        count = -(-len(waiting) // max(1, room - 1))
        cell = width // max(1, count)
        each = -(-len(waiting) // max(1, count))
        rows = [text.row([("waits in partition", look.dim)], width, look.text)]
        for line in range(each):
            spans: list[Span] = []
            for number in range(line, len(waiting), each):
                lag = waiting[number]
                bar = text.bar(lag / most, max(4, min(40, cell - 18)), look.signs)
                spans += [(f"p{number:02d} {lag:>11,}  ", look.text), (bar + "  ", look.bar)]
            rows.append(text.row(spans, width, look.text))
        return rows

    def _columns(self, books: SideBySide, width: int, height: int) -> list[Strip]:
        """A column for each queue, with its sign; the rows that fit."""
        look = self.look
        name_width = min(_NAME, max(8, width - 10 * len(books.queues)))
        cell = min(16, (width - name_width) // len(books.queues))
        head: list[Span] = [(text.fit("", name_width), look.dim)]
        for queue, own in books.queues.items():
            sign = look.signs.fault if own.faults else look.signs.good if own.closed else " "
            style = look.alarm if own.faults else look.good if own.closed else look.dim
            head.append((text.right(f" {sign} {queue}"[:cell], cell), style))
        rows = [text.row(head, width, look.text)]
        for figure in _chosen(books, height - 1):
            spans: list[Span] = [(text.fit(figure.label or figure.name, name_width), look.dim)]
            spans += [self._cell(figure.name, own, cell) for own in books.queues.values()]
            rows.append(text.row(spans, width, look.text))
        return rows

    def _cell(self, name: str, books: Books, width: int) -> Span:
        """A figure as its queue has it; nothing where it has none of the name."""
        look = self.look
        told = next((each for each in books.figures if each.name == name), None)
        if told is None:
            return " " * width, look.dim
        value = books.value(name)
        style = look.dim if name == "in_flight" else look.text
        if told.fault:
            sure = not books.unaudited
            style = look.alarm if value else look.good if sure else look.dim
        sign = f" {look.signs.fault} " if style is look.alarm else " "
        figure = f"{sign}{value:,}"
        # a figure that were cut would be another one
        fits = text.width_of(figure) <= width
        return text.right(figure if fits else f"{sign}{text.short(value)}", width), style

    def _figure(self, told: Figure, value: int, sure: bool) -> list[Span]:
        """One figure; not `sure` while documents are still being counted."""
        look, name = self.look, told.label or told.name
        style = look.text
        if told.fault:
            style = look.alarm if value else look.good if sure else look.dim
        elif told.name == "in_flight":
            style = look.dim
        # the sign stands for the colour where there is none
        sign = look.signs.fault if style is look.alarm else " "
        figure = f" {sign} {value:,}"
        if text.width_of(name) + text.width_of(figure) > _NAME + _FIGURE:
            figure = figure.replace("  ", "")
        return [
            (text.fit(name, _NAME + _FIGURE - text.width_of(figure)), look.dim),
            (figure, style),
        ]

    def _queue_time(self, sample: BooksSample, width: int) -> Strip:
        look, queue, dot = self.look, sample.queue_time, self.look.signs.dot
        spans: list[Span] = [(text.fit("queue time", _NAME), look.dim)]
        if queue is None or not queue.count:
            spans.append((f"  {look.signs.none}  produced to stored", look.dim))
        else:
            figures = [
                f"{name} {text.latency(value)} ms".replace("s ms", " s")
                for name, value in (("p50", queue.p50), ("p95", queue.p95), ("p99", queue.p99))
            ]
            spans.append(("  " + f" {dot} ".join(figures), look.text))
        return text.row(spans, width, look.text)


class BooksLine(Rows):
    """The books in one line above the run strip."""

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The books and how their source is."""
        return (frame[BOOKS].value, frame[BOOKS].health)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """One row."""
        look, sample = self.look, frame[BOOKS].value
        spans: list[Span] = [(" 3 ", look.dim)]
        if frame.looked_at:
            spans += [(f" {moment_of(frame)} ", look.badge), (" ", look.text)]
        if sample is None and frame.looked_at:
            spans.append(("books: nothing was kept of it", look.dim))
            return [text.row(spans, width, look.text)]
        if sample is None:
            spans.append((f"books: {frame[BOOKS].health.state}", look.dim))
            return [text.row(spans, width, look.text)]
        books, dot = sample.books, f" {look.signs.dot} "
        word, style = verdict(sample, look)
        if not frame[BOOKS].health.ok:
            word, style = f"books {frame[BOOKS].health.state}", look.warn
        spans.append((f"{word}  ", style))
        for told in (each for each in books.figures if each.name in ("lost", "doubled")):
            value = books.value(told.name)
            wrong = told.fault and value
            sign = f"{look.signs.fault} " if wrong else ""
            spans += [
                (f"{sign}{told.name} {value:,}", look.alarm if wrong else look.text),
                (dot, look.dim),
            ]
        figures = f"ack {books.acknowledged:,}{dot}stored {books.stored:,}"
        spans += [(figures, look.text), (f"{dot}in flight {books.in_flight:,}", look.dim)]
        return [text.row(text.fitted(spans, width, look.signs), width, look.text)]
