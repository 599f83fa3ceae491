"""A report as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from html import escape

from controlroom.reports.document import Document, Heading, Items, Paragraph, Part, Plot, Table
from controlroom.reports.scale import short
from controlroom.reports.svg import COLOURS, as_svg
from controlroom.reports.text import numeric, with_legends

_LIGHT = ("#0b5cad", "#a8420a", "#1c7a3e", "#7a3aa8", "#8a6200", "#a01f52")
_DARK = ("#6db3f5", "#f0a066", "#6fcf8f", "#c79bf0", "#e0c060", "#f08ab0")
_DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser lets the page do: show its own style, and nothing else."""


def as_html(document: Document) -> str:
    """The whole page."""
    body = "\n".join(_part(*pair) for pair in with_legends(document.parts))
    title = escape(document.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(document.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _part(part: Part, legend: bool) -> str:
    match part:
        case Heading(text, level):
            tag = f"h{min(max(level, 2), 6)}"
            return f"<{tag}>{escape(text)}</{tag}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Items(rows):
            return "<ul>\n" + "\n".join(f"<li>{escape(row)}</li>" for row in rows) + "\n</ul>"
        case Table():
            return _table(part)
        case Plot():
            return _figure(part, legend)


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    styles = [' class="figure"' if numeric(cells) else "" for cells in columns]
    head = "".join(
        f'<th scope="col"{style}>{escape(cell)}</th>'
        for cell, style in zip(table.header, styles, strict=True)
    )
    lines = ['<div class="wide" tabindex="0"><table>']
    if table.caption:
        lines.append(f"<caption>{escape(table.caption)}</caption>")
    lines.append(f"<thead><tr>{head}</tr></thead>\n<tbody>")
    for row in table.rows:
        cells = [f'<th scope="row">{escape(row[0])}</th>']
        cells += [
            f"<td{style}>{escape(cell)}</td>"
            for cell, style in zip(row[1:], styles[1:], strict=True)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join((*lines, "</tbody></table></div>"))


def _figure(plot: Plot, legend: bool) -> str:
    keys = "".join(
        f'<span class="key"><svg viewBox="0 0 28 8" aria-hidden="true">'
        f'<path class="curve c{number % COLOURS}" d="M0 4H28"/></svg>{escape(name)}</span>'
        for number, name in enumerate(plot.curves)
    )
    marks = "".join(
        f"<li>{escape(short(round(at, 1)))} s: {escape(text)}</li>" for at, text in plot.marks
    )
    listed = f"\n<ol>{marks}</ol>" if marks and legend else ""
    return (
        "<figure>\n"
        f"<figcaption><b>{escape(plot.title)}</b> in {escape(plot.unit)} {keys}</figcaption>\n"
        f"{as_svg(plot)}{listed}\n</figure>"
    )


def _style() -> str:
    def colours(of: tuple[str, ...]) -> str:
        return "".join(f"--c{number}:{colour};" for number, colour in enumerate(of))

    curves = "".join(
        f".c{number}{{stroke:var(--c{number});stroke-dasharray:{dash}}}\n"
        for number, dash in enumerate(_DASHES)
    )
    light = f":root{{--ink:#1b1f24;--dim:#57606a;--line:#d0d7de;--back:#fff;{colours(_LIGHT)}}}\n"
    dark = f":root{{--ink:#e6edf3;--dim:#9aa4ae;--line:#3a424b;--back:#0d1117;{colours(_DARK)}}}"
    return (
        f"{light}@media (prefers-color-scheme:dark){{{dark}}}\n{_RULES}{curves}"
        # paper is white whatever the screen is
        f"@media print{{{light}main{{max-width:none;padding:0}}"
        "figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}}\n"
    )


_RULES = """\
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.6rem;line-height:1.25}
h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem}
p,li{overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.75rem 0;font-size:.9rem}
caption{text-align:left;color:var(--dim);padding-bottom:.25rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0}
tr{border-bottom:1px solid var(--line)}
tbody th{font-weight:normal}
.figure{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:1.25rem 0}
figure>svg{display:block;width:100%;height:auto}
figure ol{margin:.25rem 0;font-size:.85rem;color:var(--dim)}
.key{margin-left:1rem;white-space:nowrap;font-size:.85rem}
.key svg{width:28px;height:8px;margin-right:.35rem}
svg text{fill:var(--dim);font-size:11px}
svg .at{text-anchor:end}
svg .when{text-anchor:middle}
svg .grid{stroke:var(--line);stroke-width:1}
svg .mark{stroke:var(--dim);stroke-width:1;stroke-dasharray:3 3}
svg .dot{fill:none;stroke-width:2;stroke-dasharray:none}
svg .curve{fill:none;stroke-width:1.75;stroke-linejoin:round}
"""
