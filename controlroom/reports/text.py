"""A report for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from controlroom.reports.document import Document, Heading, Items, Paragraph, Part, Plot, Table
from controlroom.reports.scale import extremes, short, times_of, values_of

BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-:=+*#"
LEAST, MOST = 12, 72
"""Columns of a curve; no cell is made narrower than the least."""
SIGNS = "123456789abcdefghijklmnopqrstuvwxyz"
"""Of marks, in their order."""
_NUMBER = re.compile(r"^[-+<>~]*[\d.,]+( ?(%|ms|s|/s|x|MiB|GiB))?$|^-$|^unknown$")


def as_text(document: Document, width: int = 100, ascii: bool = False) -> str:  # noqa: A002
    """The whole report; lines are at most `width` columns, where its tables allow it."""
    parts = [[document.title, ("=" if ascii else "═") * min(len(document.title), width)]]
    parts += [_part(part, width, ascii, legend) for part, legend in with_legends(document.parts)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds figures, which stand flush right."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_NUMBER.match(cell) for cell in filled)


def with_legends(parts: Sequence[Part]) -> Iterator[tuple[Part, bool]]:
    """Each part, and whether its marks are explained: of plots in a row that have the same ones,
    below the last."""
    for part, after in zip(parts, (*parts[1:], None), strict=False):
        same = isinstance(part, Plot) and isinstance(after, Plot) and part.marks == after.marks
        yield part, not same


def plot_lines(plot: Plot, width: int, ascii: bool = False, legend: bool = True) -> list[str]:  # noqa: A002
    """The curves as rows of bars, with the marks below; also for Markdown."""
    span = values_of(plot)
    lines = [f"{plot.title} ({plot.unit}), {short(span.low)} to {short(span.high)}"]
    names = min(max((len(name) for name in plot.curves), default=0), width // 4)
    said = {name: _range(plot, name) for name in plot.curves}
    columns = width - names - max(map(len, said.values()), default=0) - 4
    moments = {at for points in plot.curves.values() for at, _ in points}
    columns = max(min(columns, MOST, len(moments)), LEAST)
    for name in plot.curves:
        row = _bars(plot, name, columns, ASCII_BARS if ascii else BARS)
        lines.append(f"{name[:names].ljust(names)}  {row}  {said[name]}")
    return lines + _marks(plot, names, columns, legend)


def _part(part: Part, width: int, ascii: bool, legend: bool) -> list[str]:  # noqa: A002
    match part:
        case Heading(text, level):
            return [text, ("-" if ascii else "─") * len(text)] if level <= 2 else [text]
        case Paragraph(text):
            return textwrap.wrap(text, width)
        case Items(rows):
            sign = "*" if ascii else "•"
            return [
                line
                for row in rows
                for line in textwrap.wrap(
                    row, width, initial_indent=f"{sign} ", subsequent_indent="  "
                )
            ]
        case Table():
            return _table(part, width)
        case Plot():
            return plot_lines(part, width, ascii, legend)


def _table(table: Table, width: int) -> list[str]:
    columns = list(zip(table.header, *table.rows, strict=True))
    right = [numeric(cells[1:]) for cells in columns]
    widths = _widths([max(map(len, cells)) for cells in columns], width)
    lines = [table.caption] if table.caption else []
    for row in (table.header, *table.rows):
        cells = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            texts = [cell[number] if number < len(cell) else "" for cell in cells]
            line = (
                text.rjust(size) if flush else text.ljust(size)
                for text, size, flush in zip(texts, widths, right, strict=True)
            )
            lines.append("  ".join(line).rstrip())
    return lines


def _widths(wanted: list[int], width: int) -> list[int]:
    """Where the table is too wide, its widest columns become narrower."""
    room = width - 2 * (len(wanted) - 1)
    while sum(wanted) > room and max(wanted) > LEAST:
        wanted[wanted.index(max(wanted))] -= 1
    return wanted


def _range(plot: Plot, name: str) -> str:
    found = extremes(plot.curves[name])
    return "no data" if found is None else f"{short(found[0])}..{short(found[1])}"


def _bars(plot: Plot, name: str, columns: int, signs: str) -> str:
    """The highest value of each stretch of time; a stretch without data is empty."""
    times, span = times_of(plot), values_of(plot)
    highest: list[float | None] = [None] * columns
    for at, value in plot.curves[name]:
        place = round(times.share(at) * (columns - 1))
        before = highest[place]
        if value is not None and (before is None or value > before):
            highest[place] = value
    last = len(signs) - 1
    return "".join(
        " " if value is None else signs[min(int(span.share(value) * len(signs)), last)]
        for value in highest
    )


def _marks(plot: Plot, names: int, columns: int, legend: bool) -> list[str]:
    if not plot.marks:
        return []
    times, row, lines = times_of(plot), [" "] * columns, []
    for number, (at, text) in enumerate(plot.marks):
        sign = SIGNS[number] if number < len(SIGNS) else "^"
        row[round(times.share(at) * (columns - 1))] = sign
        lines.append(f"{' ' * names}  {sign} {short(round(at, 1))} s {text}")
    return [f"{' ' * names}  {''.join(row).rstrip()}", *(lines if legend else [])]
