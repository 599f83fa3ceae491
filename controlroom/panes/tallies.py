"""Tallies: a table with bars, or the bars of what is selected."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from controlroom.model.frame import TALLIES, Frame
from controlroom.model.tallies import Chosen, Selection, Tallies, TallyRow
from controlroom.panes import text
from controlroom.panes.pane import Pane, Title
from controlroom.panes.text import Span

_COUNT, _RATE, _AVERAGE, _SHARE = 10, 6, 6, 8


def _speed(value: float | None, none: str) -> str:
    """A rate that leaves a blank in its column, however high it is."""
    figure = text.rate(value, none)
    return figure if value is None or len(figure) < _RATE else text.short(value)


def _shown(value: Tallies) -> tuple[TallyRow, ...]:
    """The rows, and one for what had no place among the members."""
    if not value.others:
        return value.rows
    return (*value.rows, TallyRow(("others",), value.others))


def _sum(value: Tallies) -> int:
    """Counts of all members of what is shown, also of those that are not."""
    return value.sum or sum(row.count for row in value.rows)


def _wanted(chosen: Chosen, value: Tallies) -> Chosen:
    """What is chosen, also where the answer is still to come; what is not there as it is shown."""
    own = (*chosen, *value.chosen[len(chosen) :])
    offered = ([choice.key for choice in one.choices] for one in value.selections)
    each = zip(own, value.chosen, offered, strict=False)
    return tuple(key if key in keys else shown for key, shown, keys in each)


class TalliesPane(Pane):
    """What has been counted, from Redis."""

    pane_id = "tallies"
    key = TALLIES
    engine = "redis"
    command = "controlroom tallies"
    keys = (
        ("↑ ↓", "scroll the rows, or choose the second selector of the bars"),
        ("← →", "choose the first selector of the bars"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "vertical(-1)"),
        ("down", "vertical(1)"),
        ("k", "vertical(-1)"),
        ("j", "vertical(1)"),
        ("left", "select(0, -1)"),
        ("right", "select(0, 1)"),
        ("pageup", "scroll_rows(-5)"),
        ("pagedown", "scroll_rows(5)"),
    ]

    class Changed(Message):
        """Something else is chosen."""

    top = 0
    """First row that is shown."""
    chosen: Chosen = ()
    """What frames are asked for. One that is gone stays chosen: it is shown when it is back."""

    @property
    def value(self) -> Tallies | None:
        """The tallies that are shown."""
        return self.frame[TALLIES].value if self.frame else None

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Its rates too."""
        return (*super().basis(frame), frame.rates.total, frame.rates.rows)

    def show(self, frame: Frame) -> None:
        """Keeps what the answer selected by itself, so that what appears later changes nothing."""
        value = frame[TALLIES].value
        if value is not None and value.chosen[: len(self.chosen)] == self.chosen:
            self.chosen = value.chosen
        super().show(frame)

    def title(self, frame: Frame, width: int) -> Title:
        value = frame[TALLIES].value
        dot = self.look.signs.dot
        if value is None:
            return Title("tallies")
        total = f"total {value.total:,} {dot} {self.age_text(frame)}"
        return Title(f"tallies {dot} {text.clean(value.noun)}", total)

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        value = frame[TALLIES].value
        assert value is not None
        head = self._selectors(value, width) if value.bars else [self._header(value, width)]
        foot = [self._sum(value, frame, width)]
        room = max(1, height - len(head) - len(foot))
        rows = _shown(value)
        if not rows:
            hint = f"no {text.clean(value.noun)} yet {self.look.signs.dot} press l for a load run"
            return [*head, text.row([(hint, self.look.dim)], width, self.look.text)]
        self.top = max(0, min(self.top, len(rows) - room))
        shown = rows[self.top : self.top + room]
        longest = max(row.count for row in rows)
        body = [self._row(value, row, longest, frame, width) for row in shown]
        body += [text.row([], width, self.look.text)] * (room - len(body))
        return [*head, *body, *foot]

    def _header(self, value: Tallies, width: int) -> Strip:
        names = f" {self.look.signs.dot} ".join(text.clean(c) for c in value.columns)
        noun = text.clean(value.noun).capitalize()
        return self._cells(value, names, noun, "/s", text.clean(value.average_label), "", width)

    def _cells(
        self, value: Tallies, name: str, count: str, rate: str, average: str, bar: str, width: int
    ) -> Strip:
        look = self.look
        figures = text.right(count, _COUNT) + text.right(rate, _RATE)
        if value.average_label:
            figures += text.right(average, _AVERAGE)
        label = self._label_width(value, width)
        head = bar == ""
        return text.row(
            [
                (text.fit(name, label, look.signs), look.dim if head else look.text),
                (figures, look.dim if head else look.text),
                ("  ", look.text),
                (bar, look.bar),
            ],
            width,
            look.text,
        )

    def _label_width(self, value: Tallies, width: int) -> int:
        figures = _COUNT + _RATE + (_AVERAGE if value.average_label else 0)
        bar = 2 + (max(5, width // 7) if width >= 50 else 4)
        return max(8, width - figures - bar)

    def _row(self, value: Tallies, row: TallyRow, longest: int, frame: Frame, width: int) -> Strip:
        if value.bars:
            return self._bar_row(value, row, longest, width)
        signs = self.look.signs
        name = f" {signs.dot} ".join(text.clean(part) for part in row.labels)
        average = "" if row.average is None else f"{row.average:.1f}"
        room = width - self._label_width(value, width) - _COUNT - _RATE - 2
        room -= _AVERAGE if value.average_label else 0
        bar = text.bar(row.count / longest if longest else 0, room, signs)
        speed = _speed(frame.rates.rows.get(row.labels), signs.none)
        return self._cells(value, name, f"{row.count:,}", speed, average, bar, width)

    def _bar_row(self, value: Tallies, row: TallyRow, longest: int, width: int) -> Strip:
        look = self.look
        total = _sum(value)
        label = min(14, max(6, width // 5))
        room = max(4, width - label - _COUNT - _SHARE - 2)
        name = f" {look.signs.dot} ".join(text.clean(part) for part in row.labels)
        return text.row(
            [
                (text.fit(name, label, look.signs), look.title),
                (text.bar(row.count / longest if longest else 0, room, look.signs), look.bar),
                (text.right(f"{row.count:,}", _COUNT), look.text),
                (text.right(f"{row.count / total * 100:.1f} %", _SHARE), look.dim),
            ],
            width,
            look.text,
        )

    def _sum(self, value: Tallies, frame: Frame, width: int) -> Strip:
        look = self.look
        speed = _speed(frame.rates.total, look.signs.none)
        more = f" + {value.more:,} more" if value.more else ""
        if value.bars:
            left: list[Span] = [(f"of this {_sum(value):,}{more}", look.text)]
            after: list[Span] = [(f"all {value.total:,}  {speed}/s", look.dim)]
            return text.ends(left, after, width, look.text)
        name = f"all ({len(value.rows)} rows{more})"
        return self._cells(value, name, f"{value.total:,}", speed, "", " ", width)

    def _selectors(self, value: Tallies, width: int) -> list[Strip]:
        return [self._selector(i, s, width) for i, s in enumerate(value.selections)]

    def _selector(self, index: int, selection: Selection, width: int) -> Strip:
        look, signs = self.look, self.look.signs
        keys = signs.keys[:2] if index == 0 else signs.keys[2:]
        spans: list[Span] = [
            (text.fit(text.clean(selection.title), 7, signs), look.dim),
            (f"{keys}  ", look.key if self.has_focus else look.dim),
        ]
        chosen = next((c for c in selection.choices if c.key == selection.selected), None)
        place = selection.choices.index(chosen) + 1 if chosen else 0
        if index == 0 and sum(len(c.label) + 2 for c in selection.choices) < width - 11:
            for choice in selection.choices:
                label = text.clean(choice.label)
                if choice is chosen:
                    spans += [(f"{signs.left}{label}{signs.right}", look.bright)]
                else:
                    spans += [(f" {label} ", look.dim)]
            return text.row(spans, width, look.text)
        label = text.clean(chosen.label) if chosen else "nothing to choose yet"
        spans += [(f"{signs.left}{label}{signs.right}" if chosen else label, look.bright)]
        after: list[Span] = [
            (f"  {place} of {len(selection.choices) + selection.more:,}", look.dim)
        ]
        return text.ends(spans, after if chosen else [], width, look.text)

    def action_vertical(self, step: int) -> None:
        """Scrolls the table, or changes the second selection of the bars."""
        if self.value is not None and self.value.bars:
            self.action_select(1, step)
        else:
            self.action_scroll_rows(step)

    def action_scroll_rows(self, step: int) -> None:
        """Moves the rows that are shown."""
        self.top = max(0, self.top + step)
        self.redraw()

    def action_select(self, index: int, step: int) -> None:
        """Asks for the neighbour of what is selected."""
        value = self.value
        if value is None or index >= len(value.selections):
            return
        keys = [choice.key for choice in value.selections[index].choices]
        if not keys:
            return
        wanted = _wanted(self.chosen, value)
        at = keys.index(wanted[index]) if index < len(wanted) else -step
        self.top = 0
        self.chosen = (*wanted[:index], keys[(at + step) % len(keys)])
        self.post_message(self.Changed())
