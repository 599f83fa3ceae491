"""The books: in the panel, and in one line for small terminals."""

from __future__ import annotations

from textual.strip import Strip

from controlroom.model.books import BooksSample
from controlroom.model.frame import BOOKS, Frame
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Rows, Title
from controlroom.panes.text import Span
from wire.books import Figure

_NAME, _FIGURE = 14, 11


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
        named = {figure.name: figure for figure in books.figures}
        gap = max(2, min(8, width - 2 * (_NAME + _FIGURE)))
        rows = []
        for pair in books.pairs:
            sure = not books.unaudited
            figures = (self._figure(named[name], books.value(name), sure) for name in pair)
            spans = [*next(figures), (" " * gap, look.text), *next(figures)]
            rows.append(text.row(spans, width, look.text))
        return [*rows, self._queue_time(sample, width)]

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
        return [text.row(spans, width, look.text)]
