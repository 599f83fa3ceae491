"""Countries filled by their third, with a cursor: red, yellow, green and a pattern for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style
from textual.strip import Strip

from controlroom.commands.registry import key_label
from controlroom.model.quantiles import Quantiles, Third, quantiles
from controlroom.model.tallies import Tallies, TallyRow
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span
from controlroom.panes.world.outlines import REGIONS, WORLD, Point, outlines, region_of
from controlroom.panes.world.raster import Cell, raster
from scenarios.places.countries import UNKNOWN, country_names

_PATTERNS: Mapping[Third, int] = {"high": 0xFF, "middle": 0x95, "low": 0x21, "none": 0x02}
"""Which dots of a cell are drawn, so that the thirds differ without colour."""
_ASCII: Mapping[Third, str] = {"high": "#", "middle": "+", "low": "-", "none": "."}
_LETTERS: Mapping[Third, str] = {"high": "H", "middle": "M", "low": "L", "none": " "}
_THIRDS: tuple[Third, ...] = ("high", "middle", "low", "none")
_LIST = 34
"""Cells of the list of countries beside the map."""
_BESIDE = 110
"""Cells from which there is such a list."""
_NUMBERS = 70
"""Cells from which the legend has numbers."""


class WorldMap:
    """Draws a map; what does not change is not drawn again."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.region = WORLD
        self._drawn: tuple[object, list[Strip]] = ((), [])
        self._thirds: tuple[object, Quantiles] = ((), Quantiles())
        self.made = 0
        """How often the countries were drawn."""

    def rows(self, value: Tallies, cursor: str, width: int, height: int) -> list[Strip]:
        """All rows: the country under the cursor, the map with a list beside it, the legend."""
        counts = {row.key: row for row in value.rows}
        found = self._quantiles(value)
        wide = width - _LIST if width >= _BESIDE else width
        high = max(1, height - 2)
        strips = self._countries(found, cursor, wide, high)
        if wide < width:
            listed = self._list(value, found, cursor, high)
            strips = [Strip.join(each) for each in zip(strips, listed, strict=True)]
        head = self._under_cursor(value, counts, found, cursor, width)
        return [head, *strips, self._legend(value, counts, found, width)]

    def first(self, value: Tallies) -> str:
        """Where the cursor stands while nobody has moved it: on the highest."""
        return next((row.key for row in value.rows if row.key in outlines()), "")

    def stepped(self, cursor: str, right: int, down: int) -> str:
        """The next country in a direction, of those in the region."""
        known = outlines()
        box = REGIONS[self.region]
        if cursor not in known:
            return cursor
        x, y = known[cursor].middle
        best, nearest = cursor, float("inf")
        for code, outline in known.items():
            ahead, aside = _along(outline.middle, (x, y), right, down)
            # a small island counts as farther away than a country beside it
            far = ahead + 2 * aside + (0 if outline.rings else 5)
            if ahead > 0 and aside <= 2 * ahead and far < nearest and box.holds(outline.middle):
                best, nearest = code, far
        return best

    def ranked(self, value: Tallies, cursor: str, step: int) -> str:
        """The next country by count."""
        order = [row.key for row in value.rows if row.key in outlines()]
        if not order:
            return cursor
        at = order.index(cursor) + step if cursor in order else 0
        chosen = order[at % len(order)]
        if not REGIONS[self.region].holds(outlines()[chosen].middle):
            self.region = region_of(outlines()[chosen].middle)
        return chosen

    def zoom(self, cursor: str) -> None:
        """The region of the country under the cursor, or the world again."""
        known = outlines().get(cursor)
        self.region = WORLD if self.region != WORLD or known is None else region_of(known.middle)

    def _quantiles(self, value: Tallies) -> Quantiles:
        if self._thirds[0] is not value.rows:
            counts = {row.key: row.count for row in value.rows if row.key != UNKNOWN}
            self._thirds = (value.rows, quantiles(counts))
        return self._thirds[1]

    def _countries(self, found: Quantiles, cursor: str, width: int, height: int) -> list[Strip]:
        basis = (found.thirds, cursor, self.region, width, height)
        if self._drawn[0] != basis:
            self.made += 1
            self._drawn = (basis, self._painted(found.thirds, cursor, width, height))
        return self._drawn[1]

    def _painted(
        self, thirds: Mapping[str, Third], cursor: str, width: int, height: int
    ) -> list[Strip]:
        grid = raster(REGIONS[self.region], width, height)
        place = grid.places.get(cursor, (-1, -1))
        rows = []
        for y, cells in enumerate(grid.rows):
            spans = self._spans(cells, thirds, cursor)
            if y == place[1]:
                x = min(max(0, place[0] - 1), width - 2)
                spans[x : x + 2] = [(letter, self._marked) for letter in cursor[:2]]
            rows.append(text.row(spans, width, self.look.text))
        return rows

    def _spans(self, cells: Sequence[Cell], thirds: Mapping[str, Third], cursor: str) -> list[Span]:
        spans: list[Span] = []
        blank = (" ", self.look.text)
        braille = self.look.signs.braille
        for cell in cells:
            if not cell:
                spans.append(blank)
                continue
            owner = cell[0][0]
            third = thirds.get(owner, "none")
            style = self._style(third)
            if any(code == cursor for code, _ in cell):
                style = self._style(thirds.get(cursor, "none"), chosen=True)
            spans.append((_braille(cell, thirds) if braille else _ASCII[third], style))
        return spans

    def _style(self, third: Third, chosen: bool = False) -> Style:
        look = self.look
        styles = {"high": look.bad, "middle": look.warn, "low": look.good, "none": look.frame}
        style = styles[third]
        return style + _CHOSEN if chosen else style

    @property
    def _marked(self) -> Style:
        return self.look.bright + _CHOSEN

    def _under_cursor(
        self,
        value: Tallies,
        counts: Mapping[str, TallyRow],
        found: Quantiles,
        cursor: str,
        width: int,
    ) -> Strip:
        look, signs = self.look, self.look.signs
        if not cursor:
            key = key_label("load")
            hint = f"no {text.clean(value.noun)} yet {signs.dot} press {key} for a load run"
            return text.row([(hint, look.dim)], width, look.text)
        row = counts.get(cursor)
        third = found.thirds.get(cursor, "none")
        name = country_names().get(cursor, cursor)
        spans: list[Span] = [
            (f"{signs.left}{name}{signs.right} {cursor}  ", look.bright),
            (f"{third}  ", self._style(third)),
        ]
        if row is not None:
            place = value.rows.index(row) + 1
            share = 100 * row.count / value.sum if value.sum else 0
            spans.append((f"{row.count:,}  {share:.1f} %  {place} of {len(value.rows)}", look.text))
        else:
            spans.append((f"no {text.clean(value.noun)}", look.dim))
        return _ends(spans, [(f"  {self.region}", look.dim)], width, look)

    def _legend(
        self, value: Tallies, counts: Mapping[str, TallyRow], found: Quantiles, width: int
    ) -> Strip:
        look = self.look
        words: dict[Third, str] = {}
        if found.thirds and width >= _NUMBERS:
            words = {"high": f"high {found.high:,}+", "middle": f"middle {found.middle:,}+"}
        spans: list[Span] = []
        for third in _THIRDS:
            sign = chr(0x2800 + _PATTERNS[third]) if look.signs.braille else _ASCII[third]
            said = words.get(third, third)
            spans += [(f"{sign * 2} ", self._style(third)), (f"{said}  ", look.dim)]
        lost = counts.get(UNKNOWN)
        unknown = lost.count if lost is not None else 0
        after: list[Span] = [
            (f"unknown {unknown:,}", look.warn if unknown else look.dim),
            (f"  all {value.sum:,}", look.text),
        ]
        return _ends(spans, after, width, look)

    def _list(self, value: Tallies, found: Quantiles, cursor: str, height: int) -> list[Strip]:
        look = self.look
        at = next((n for n, row in enumerate(value.rows) if row.key == cursor), 0)
        top = max(0, min(at - height // 2, len(value.rows) - height))
        strips = []
        for row in value.rows[top : top + height]:
            third = found.thirds.get(row.key, "none")
            name = text.fit(" ".join(map(text.clean, row.labels)), _LIST - 15, look.signs)
            style = look.bright + _CHOSEN if row.key == cursor else look.text
            spans: list[Span] = [
                ("  ", look.text),
                (f"{_LETTERS[third]} ", self._style(third)),
                (name + text.right(f"{row.count:,}", 11), style),
            ]
            strips.append(text.row(spans, _LIST, look.text))
        blank = text.row([], _LIST, look.text)
        return strips + [blank] * (height - len(strips))


_CHOSEN = Style(reverse=True)


def _ends(left: list[Span], after: list[Span], width: int, look: Look) -> Strip:
    """A row with spans at both ends; without the right ones where there is not room for all."""
    used = sum(text.width_of(words) for words, _ in (*left, *after))
    return text.ends(left, after if used <= width else [], width, look.text)


def _braille(cell: Cell, thirds: Mapping[str, Third]) -> str:
    drawn = 0
    for code, dots in cell:
        # what the pattern would hide is drawn as it is
        drawn |= dots & _PATTERNS[thirds.get(code, "none")] or dots
    return chr(0x2800 + drawn)


def _along(point: Point, start: Point, right: int, down: int) -> Point:
    """How far ahead in a direction, and how far aside."""
    x, y = point[0] - start[0], start[1] - point[1]
    return (x * right, abs(y)) if right else (y * down, abs(x))
