"""Tallies: a table with bars, the bars of what is selected, the last events, or a map."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import ClassVar

from rich.style import Style
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from controlroom.commands.registry import key_label
from controlroom.model.frame import TALLIES, Frame
from controlroom.model.tallies import Chosen, Selection, Tallies, TallyRow
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.sorting import Cell, Order
from controlroom.panes.text import Span
from controlroom.panes.world.choropleth import WorldMap

_COUNT, _RATE, _AVERAGE, _SHARE = 10, 6, 6, 8
_WIDE = 100
"""Cells from which on the bars have half of a row."""
_TALLEST = 4
"""Rows that one row of figures takes at most, where there are some to spare."""


def _speed(value: float | None, none: str) -> str:
    """A rate that leaves a blank in its column, however high it is."""
    figure = text.rate(value, none)
    return figure if value is None or len(figure) < _RATE else text.short(value)


def _shown(value: Tallies, order: Order) -> tuple[TallyRow, ...]:
    """The rows in their order, and one for what had no place among the members."""
    rows = value.rows
    if value.drawn == "rows":
        rows = tuple(order.sorted(rows, _cell))
    return (*rows, TallyRow(("others",), value.others)) if value.others else rows


def _cell(row: TallyRow, column: str) -> Cell:
    if column == "name":
        return " ".join(row.labels)
    return row.count if column == "count" else row.average


def _sum(value: Tallies) -> int:
    """Counts of all members of what is shown, also of those that are not."""
    return value.sum or sum(row.count for row in value.rows)


def _is_there(chosen: Chosen, value: Tallies) -> bool:
    """Whether the chosen view is one of the scenario, which may be another than before."""
    views = value.selections[0].choices
    return not chosen or any(each.key == chosen[0] for each in views)


def _stepped(value: Tallies) -> list[int]:
    """Places of the selections that are stepped through, without that of the view."""
    every = range(value.paged, len(value.selections))
    return [index for index in every if not value.selections[index].free]


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
        ("← →", "choose the first selector"),
        ("← → ↑ ↓", "go from country to country on a map"),
        ("PgUp PgDn", "scroll, or go from country to country by their counts"),
        ("enter", "the region of a country, or the world again"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "vertical(-1)"),
        ("down", "vertical(1)"),
        ("k", "vertical(-1)"),
        ("j", "vertical(1)"),
        ("left", "horizontal(-1)"),
        ("right", "horizontal(1)"),
        ("pageup", "far(-1)"),
        ("pagedown", "far(1)"),
        ("enter", "zoom_map"),
    ]

    class Changed(Message):
        """Something else is chosen."""

    top = 0
    """First row that is shown."""
    chosen: Chosen = ()
    """What frames are asked for. One that is gone stays chosen: it is shown when it is back."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.order: Order = Order("name", "count", "average")
        self.world = WorldMap(look)
        self._picked: dict[str, Chosen] = {}
        """What views choose by -> what was chosen last, so that views share a country."""

    @property
    def value(self) -> Tallies | None:
        """The tallies that are shown."""
        return self.frame[TALLIES].value if self.frame else None

    @property
    def line(self) -> str:
        value = self.value
        if value is None or not value.paged:
            return self.command
        view, *own = value.chosen
        by = self._by(value) if own and own[0] else ""
        return f"{self.command} --view {view}" + (f" --{by} {quote(own[0])}" if by else "")

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Its rates too."""
        return (*super().basis(frame), frame.rates.total, frame.rates.rows)

    def show(self, frame: Frame) -> None:
        """Keeps what the answer selected by itself, so that what appears later changes nothing."""
        value = frame[TALLIES].value
        if value is not None and value.paged and not _is_there(self.chosen, value):
            self.chosen = ()
        if value is not None and value.chosen[: len(self.chosen)] == self.chosen:
            self.chosen = value.chosen
            if value.drawn == "map" and (first := self.world.first(value)):
                self.chosen = (*self._before(value), self._kept(value) or first)
        super().show(frame)

    def title(self, frame: Frame, width: int) -> Title:
        value = frame[TALLIES].value
        dot = self.look.signs.dot
        if value is None:
            return Title("tallies")
        total = f"total {value.total:,} {dot} {self.age_text(frame)}"
        name = text.clean(value.title) or text.clean(value.noun)
        if value.paged:
            views = [choice.key for choice in value.selections[0].choices]
            name = f"{views.index(value.chosen[0]) + 1}/{len(views)} {name}"
        return Title(f"tallies {dot} {name}", total)

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        value = frame[TALLIES].value
        assert value is not None
        if value.drawn == "map":
            return self.world.rows(value, self._cursor(value), width, height)
        head = self._selectors(value, width)
        if not value.bars:
            head.append(self._header(value, width))
        if value.drawn == "lines":
            return [*head, *self._lines(value, width, max(1, height - len(head)))]
        foot = [self._sum(value, frame, width)]
        room = max(1, height - len(head) - len(foot))
        rows = _shown(value, self.order)
        if not rows:
            dot, key = self.look.signs.dot, key_label("load")
            hint = f"no {text.clean(value.noun)} yet {dot} press {key} for a load run"
            return [*head, text.row([(hint, self.look.dim)], width, self.look.text)]
        tall = max(1, min(_TALLEST, room // len(rows)))
        self.top = max(0, min(self.top, len(rows) - room // tall))
        shown = rows[self.top : self.top + room // tall]
        longest = max(row.count for row in rows)
        blank = text.row([], width, self.look.text)
        body = []
        for row in shown:
            body.append(self._row(value, row, longest, frame, width))
            body += [self._thicker(body[-1], width)] * (tall - 2) + [blank] * (tall > 1)
        body += [text.row([], width, self.look.text)] * (room - len(body))
        return [*head, *body, *foot]

    def _thicker(self, row: Strip, width: int) -> Strip:
        """The bar of a row once more, without its words."""
        look = self.look
        cells = ((each.text, each.style == look.bar) for each in row)
        spans: list[Span] = [
            (words, look.bar) if bar else (" " * text.width_of(words), look.text)
            for words, bar in cells
        ]
        return text.row(spans, width, look.text)

    def _lines(self, value: Tallies, width: int, room: int) -> list[Strip]:
        if not value.rows:
            hint = text.clean(value.remark) or f"no {text.clean(value.noun)} here yet"
            style = self.look.warn if value.remark else self.look.dim
            return [text.row([(hint, style)], width, self.look.text)]
        self.top = max(0, min(self.top, len(value.rows) - room))
        shown = value.rows[self.top : self.top + room]
        return [self._line(row.labels, width, self.look.text) for row in shown]

    def _line(self, cells: Sequence[str], width: int, style: Style) -> Strip:
        each = max(4, (width + 1) // max(1, len(cells)) - 1)
        fitted = [text.fit(text.clean(cell), each, self.look.signs) for cell in cells]
        return text.row([(" ".join(fitted), style)], width, self.look.text)

    def _header(self, value: Tallies, width: int) -> Strip:
        if value.drawn == "lines":
            return self._line(value.columns, width, self.look.dim)
        names = f" {self.look.signs.dot} ".join(text.clean(c) for c in value.columns)
        noun, average = text.clean(value.noun).capitalize(), text.clean(value.average_label)
        heads = (("name", names), ("count", noun), ("average", average))
        names, noun, average = (self._head(column, words) for column, words in heads)
        return self._cells(value, names, noun, "/s", average, "", width)

    def _head(self, column: str, words: str) -> str:
        """Words of the header, with the sign of the column that is sorted by."""
        return self.order.head(column, self.look.signs).replace(column, words)

    @property
    def sortable(self) -> Sequence[str]:
        """The columns of a table; bars, lists and maps have an order of their own."""
        value = self.value
        if value is None or value.drawn != "rows":
            return ()
        return self.order.columns if value.average_label else self.order.columns[:2]

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
        bar = 2 + (4 if width < 50 else max(5, width // 7) if width < _WIDE else width // 2)
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
        total = max(1, _sum(value))
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
        count = value.total
        if value.title:
            # one of several views may be of a tally that does not count every event
            count, speed = _sum(value), ""
        return self._cells(value, name, f"{count:,}", speed, "", " ", width)

    def _selectors(self, value: Tallies, width: int) -> list[Strip]:
        own = value.selections[value.paged :]
        room = max([7, *(text.width_of(one.title) + 1 for one in own)])
        stepped = [one for one in own if not one.free]
        return [
            self._selector(stepped.index(one) if one in stepped else -1, one, room, width)
            for one in own
        ]

    def _selector(self, index: int, selection: Selection, room: int, width: int) -> Strip:
        look, signs = self.look, self.look.signs
        keys = "/ " if selection.free else signs.keys[:2] if index == 0 else signs.keys[2:]
        spans: list[Span] = [
            (text.fit(text.clean(selection.title), min(room, 20), signs), look.dim),
            (f"{keys}  ", look.key if self.has_focus else look.dim),
        ]
        if selection.free:
            spans.append((text.clean(selection.selected or "") or signs.none, look.bright))
            return text.row(spans, width, look.text)
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
        value = self.value
        if value is not None and value.drawn == "map":
            self._go(value, self.world.stepped(self._cursor(value), 0, step))
        elif value is not None and len(stepped := _stepped(value)) > 1:
            self._select(value, stepped[1], step)
        else:
            self._scroll(step)

    def action_horizontal(self, step: int) -> None:
        """Changes the first selection, or goes to the next country."""
        value = self.value
        if value is not None and value.drawn == "map":
            self._go(value, self.world.stepped(self._cursor(value), step, 0))
        elif value is not None and (stepped := _stepped(value)):
            self._select(value, stepped[0], step)

    def action_far(self, step: int) -> None:
        """Scrolls a few rows, or goes to the next country by count."""
        value = self.value
        if value is not None and value.drawn == "map":
            self._go(value, self.world.ranked(value, self._cursor(value), step))
        else:
            self._scroll(5 * step)

    def action_zoom_map(self) -> None:
        """Shows the region of a country, or the world again."""
        value = self.value
        if value is None or value.drawn != "map":
            raise SkipAction
        self.world.zoom(self._cursor(value))
        self.redraw()

    def page(self, step: int) -> None:
        """Asks for the next view, of what was chosen last."""
        value = self.value
        if value is None or not value.paged:
            return
        views = value.selections[0].choices
        now = self.chosen[0] if self.chosen else value.chosen[0]
        at = next((n for n, each in enumerate(views) if each.key == now), 0)
        wanted = views[(at + step) % len(views)]
        self.top = 0
        self._ask((wanted.key, *self._picked.get(wanted.by, ())))

    @property
    def view(self) -> str:
        """Key of the view that is chosen; empty where there is one only."""
        value = self.value
        if value is None or not value.paged:
            return ""
        return str((self.chosen or value.chosen)[0])

    def take_view(self, key: str) -> None:
        """Asks for a view; one that the scenario does not have is not asked for."""
        value = self.value
        if value is None and key:  # frames begin with it, where it is there
            self.chosen = (key,)
        views = value.selections[0].choices if value is not None and value.paged else ()
        wanted = next((each for each in views if each.key == key), None)
        if wanted is not None and key != self.view:
            self.top = 0
            self._ask((key, *self._picked.get(wanted.by, ())))

    @property
    def filter(self) -> str | None:
        """What the shown view is filtered by; None where it has no filter."""
        found = self._free
        return None if found is None else found.selected or ""

    def search(self, wanted: str) -> None:
        """Filters the shown view."""
        value = self.value
        if value is not None and self._free is not None:
            self.top = 0
            self._pick(value, (wanted,))

    @property
    def _free(self) -> Selection | None:
        selections = self.value.selections if self.value is not None else ()
        return next((one for one in selections if one.free), None)

    def _before(self, value: Tallies) -> Chosen:
        """The view that is shown, where there are several."""
        return value.chosen[: value.paged]

    def _by(self, value: Tallies) -> str:
        """What the view that is shown is chosen by."""
        views = value.selections[0].choices if value.paged else ()
        return next((each.by for each in views if each.key == value.chosen[0]), "")

    def _kept(self, value: Tallies) -> str:
        return next(iter(self._picked.get(self._by(value), ())), "")

    def _cursor(self, value: Tallies) -> str:
        """The country that is chosen on the map."""
        own = (
            self.chosen[value.paged :] if self._before(value) == self.chosen[: value.paged] else ()
        )
        return next(iter(own), "") or self.world.first(value)

    @property
    def country(self) -> str:
        """The one that is chosen on a map; empty where nothing is there yet."""
        return "" if self.value is None else self._cursor(self.value)

    def _go(self, value: Tallies, country: str) -> None:
        self._pick(value, (country,))
        self.redraw()

    def _pick(self, value: Tallies, own: Chosen) -> None:
        if by := self._by(value):
            self._picked[by] = own
        self._ask((*self._before(value), *own))

    def _ask(self, chosen: Chosen) -> None:
        self.chosen = chosen
        self.post_message(self.Changed())

    def _scroll(self, step: int) -> None:
        self.top = max(0, self.top + step)
        self.redraw()

    def _select(self, value: Tallies, index: int, step: int) -> None:
        """Asks for the neighbour of what is selected."""
        if index >= len(value.selections) or self._before(value) != self.chosen[: value.paged]:
            return
        keys = [choice.key for choice in value.selections[index].choices]
        if not keys:
            return
        wanted = _wanted(self.chosen, value)
        at = keys.index(wanted[index]) if index < len(wanted) else -step
        self.top = 0
        self._pick(value, (*wanted[value.paged : index], keys[(at + step) % len(keys)]))
