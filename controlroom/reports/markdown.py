"""A report as Markdown (GitHub's)."""

from __future__ import annotations

import re

from controlroom.reports.document import Document, Heading, Items, Paragraph, Part, Plot, Table
from controlroom.reports.text import numeric, plot_lines, with_legends

PLOT_WIDTH = 100
_SIGNS = re.compile(r"([\\`*_<>\[\]|~])")
_LINE_BEGIN = re.compile(r"^(\s*)([-+#]|\d+[.)])(?=\s|$)")


def as_markdown(document: Document) -> str:
    """The whole report. Plots are of text, which every reader of Markdown shows."""
    parts = [
        f"# {_escaped(document.title)}",
        *(_part(*pair) for pair in with_legends(document.parts)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _part(part: Part, legend: bool) -> str:
    match part:
        case Heading(text, level):
            return f"{'#' * max(level, 2)} {_escaped(text)}"
        case Paragraph(text):
            return _escaped(text)
        case Items(rows):
            return "\n".join(f"- {_escaped(row)}" for row in rows)
        case Table():
            return _table(part)
        case Plot():
            return "\n".join(("```text", *plot_lines(part, PLOT_WIDTH, legend=legend), "```"))


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    rule = ["---:" if numeric(cells) else "---" for cells in columns]
    rows = [[_escaped(cell) for cell in row] for row in (table.header, *table.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in (rows[0], rule, *rows[1:])]
    caption = f"{_escaped(table.caption)}\n\n" if table.caption else ""
    return caption + "\n".join(lines)


def _escaped(text: str) -> str:
    """As plain text on one line."""
    flat = _SIGNS.sub(r"\\\1", " ".join(text.split()))
    return _LINE_BEGIN.sub(lambda found: f"{found[1]}\\{found[2]}", flat)
