"""Tables and figures for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from controlroom.settings import Settings

STYLES = {"good": "32", "bad": "31", "dim": "2"}


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns of equal width; the first `left` ones flush left, figures flush right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def cell(text: str, column: int) -> str:
        return text.ljust(widths[column]) if column < left else text.rjust(widths[column])

    return "\n".join(
        "  ".join(cell(text, column) for column, text in enumerate(line)).rstrip() for line in lines
    )


def number(value: float | None, digits: int = 0) -> str:
    """With thin thousands; `-` for what is not known."""
    return "-" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """Two digits, and never 100 % for what is below."""
    if share is None:
        return "-"
    return "100%" if share >= 1 else f"{min(share * 100, 99.99):.2f}%"


def size(count: float | None) -> str:
    """Bytes as M or G."""
    if count is None:
        return "-"
    return f"{count / 2**30:.1f}G" if count >= 2**30 else f"{count / 2**20:.0f}M"


def span(seconds: float | None) -> str:
    """A time as its two largest parts: `12m`, `3h05m`, `9s`."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"


def paint(text: str, style: str, settings: Settings) -> str:
    """The text in a colour, where the settings and the output allow one."""
    if settings.color == "never" or (settings.color == "auto" and not sys.stdout.isatty()):
        return text
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def sign(good: bool, settings: Settings) -> str:
    """A tick or a cross, as the output can show it."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    plain = settings.ascii or not encoding.startswith("utf")
    text = ("ok" if good else "NO") if plain else ("✓" if good else "✗")
    return paint(text, "good" if good else "bad", settings)
