"""Targets side by side: one figure a row, a column for each target, the difference last."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.strip import Strip

from controlroom.model.frame import OF_TARGET, Frame
from controlroom.model.marking import PRODUCTION
from controlroom.model.sides import Side, SideRow, rows, side
from controlroom.panes import text
from controlroom.panes.header import painted
from controlroom.panes.look import Look
from controlroom.panes.pane import Rows
from controlroom.panes.text import Span

_NAME, _FIGURE = 34, 16


class Sides(Rows):
    """All targets in one picture. `frames` are theirs, in their order."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, id="sides")
        self.frames: Sequence[Frame] = ()

    def look_at(self, frames: Sequence[Frame]) -> None:
        """Takes the newest frames and draws what they change."""
        self.frames = frames
        if frames:
            self.show(frames[0])

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The panels of every target; no figure here shows its age."""
        return tuple((one.target, *(one[key] for key in OF_TARGET)) for one in self.frames)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """Head, one row for each figure, groups apart, troubles at the end."""
        heads = [side(one) for one in self.frames]
        lines = [self._names(heads, width), *self._production(heads, width)]
        lines.append(self._states(heads, width))
        group = ""
        for row in rows(self.frames):
            if row.group != group:
                group = row.group
                lines.append(text.row([(f" {group}", self.look.dim)], width, self.look.text))
            lines.append(self._row(row, width))
        troubles = [
            text.row(
                [(f" {one.name}: {text.clean(one.trouble)}", self.look.warn)], width, self.look.text
            )
            for one in heads
            if one.trouble
        ]
        blank = text.row([], width, self.look.text)
        room = max(0, height - len(troubles))
        return [*lines[:room], *[blank] * (room - len(lines)), *troubles]

    def _names(self, heads: Sequence[Side], width: int) -> Strip:
        cells: list[Span] = []
        for one in heads:
            style = painted(one.marking.colour) if one.marking.colour else self.look.bright
            cells.append((text.right(text.clean(one.name), _FIGURE), style))
        cells.append((text.right("difference", _FIGURE), self.look.dim))
        return self._line("side by side", self.look.focus, cells, width)

    def _production(self, heads: Sequence[Side], width: int) -> list[Strip]:
        """Which of them are production, where one is."""
        if not any(one.marking.production for one in heads):
            return []
        look, word = self.look, text.right(PRODUCTION, _FIGURE)
        blank = (" " * _FIGURE, look.text)
        cells = [(word, look.alarm) if one.marking.production else blank for one in heads]
        return [self._line("", look.text, cells, width)]

    def _states(self, heads: Sequence[Side], width: int) -> Strip:
        look, signs = self.look, self.look.signs
        cells = []
        for one in heads:
            good = one.live == one.sources
            sign = signs.live if good else signs.away
            words = f"{sign} {one.live}/{one.sources} live"
            cells.append((text.right(words, _FIGURE), look.good if good else look.warn))
        return self._line("", look.text, cells, width)

    def _row(self, row: SideRow, width: int) -> Strip:
        look = self.look
        none = look.signs.none
        bad = row.name in ("lost", "doubled")
        cells: list[Span] = []
        for value in row.values:
            style = look.bad if bad and value else look.text
            cells.append((text.right(figure(value, row.unit, none), _FIGURE), style))
        difference = row.difference
        sign = "+" if difference is not None and difference > 0 else ""
        words = sign + figure(difference, row.unit, none)
        equal = not difference
        cells.append((text.right(words, _FIGURE), look.dim if equal else look.accent))
        return self._line(f"   {row.name.replace('_', ' ')}", look.text, cells, width)

    def _line(self, name: str, style: Style, cells: Sequence[Span], width: int) -> Strip:
        label = max(12, min(_NAME, width - _FIGURE * len(cells)))
        first = (text.fit(f" {name}", label, self.look.signs), style)
        return text.row([first, *cells], width, self.look.text)


class SidesKeys(Rows):
    """The last row: the keys of this screen."""

    def __init__(self, look: Look, panels: int) -> None:
        super().__init__(look, id="keys")
        self._panels = panels
        self._chosen = 0

    def look_at(self, frames: Sequence[Frame], chosen: int) -> None:
        """Which panel is shown, 0 for the figures."""
        self._chosen = chosen
        if frames:
            self.show(frames[0])

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The figures have no key while they are shown."""
        return (self._chosen,)

    def compose_rows(self, frame: Frame, width: int, height: int) -> list[Strip]:
        """How to go back, and what else can be seen."""
        look = self.look
        pairs = [("esc", "back"), (f"1-{min(9, self._panels)} tab", "one panel of each")]
        if self._chosen:
            pairs.append(("0", "figures"))
        spans: list[Span] = []
        for keys, words in pairs:
            spans += [(f" {keys}", look.key), (f" {words} ", look.dim)]
        return [text.row(spans, width, look.text)]


def figure(value: float | None, unit: str, none: str) -> str:
    """A figure with its unit; a share as per cent."""
    if value is None:
        return none
    if unit == "share":
        return f"{value * 100:.2f} %"
    if unit == "cores":
        return f"{value:.2f} cores"
    if unit:
        return f"{value:,.1f} {unit}"
    return f"{value:,.0f}"
