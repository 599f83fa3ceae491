"""Words and figures of fixed width, and spans put together to a row."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from controlroom.panes.signs import Signs

Span = tuple[str, Style]
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """Text from outside without control characters and without signs that turn its direction."""
    return _CONTROLS.sub("", text)


def width_of(text: str) -> int:
    """Cells that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, signs: Signs | None = None) -> str:
    """The text in exactly `width` cells; what is cut ends in an ellipsis where signs are given."""
    if width <= 0:
        return ""
    if text.isascii():
        if len(text) <= width:
            return text.ljust(width)
        return text[: width - 1] + signs.ellipsis if signs else text[:width]
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + signs.ellipsis if signs else set_cell_size(text, width)


def fit_ends(text: str, width: int, signs: Signs) -> str:
    """The text in exactly `width` cells. Of one that is cut the last field stays: what follows the
    last dot between fields, or the last blank."""
    if width_of(text) <= width:
        return fit(text, width)
    for between in (" · ", " "):
        first, _, last = text.rpartition(between)
        room = width - width_of(between + last)
        if first and room > width // 2:
            return fit(first, room, signs) + between + last
    return fit(text, width, signs)


def right(text: str, width: int) -> str:
    """The text at the right end of `width` cells."""
    return " " * (width - width_of(text)) + text if width_of(text) <= width else fit(text, width)


def row(spans: Iterable[Span], width: int, fill: Style) -> Strip:
    """The spans as a row of exactly `width` cells."""
    segments: list[Segment] = []
    left = width
    for text, style in spans:
        size = width_of(text)
        if size > left:
            text, size = fit(text, left), left
        if size:
            _add(segments, text, style)
            left -= size
    if left:
        last = segments[-1].style if segments else fill
        # blanks look the same in any colour, and each change of style is sent as 40 bytes
        _add(segments, " " * left, last if last and last.bgcolor == fill.bgcolor else fill)
    return Strip(segments, width)


def _add(segments: list[Segment], text: str, style: Style) -> None:
    """One segment more, or a longer last one where the style is the same."""
    if segments and segments[-1].style == style:
        segments[-1] = Segment(segments[-1].text + text, style)
    else:
        segments.append(Segment(text, style))


def ends(left: list[Span], after: list[Span], width: int, fill: Style) -> Strip:
    """A row with spans at both ends; the right ones win where there is not enough space."""
    size = sum(width_of(text) for text, _ in after)
    used = sum(width_of(text) for text, _ in left)
    if used + size <= width:
        return row([*left, (" " * (width - used - size), fill), *after], width, fill)
    first = row(left, max(0, width - size), fill)
    return Strip.join([first, row(after, min(width, size), fill)])


def fitted(spans: Sequence[Span], width: int, signs: Signs) -> list[Span]:
    """The spans; where they are too long, what is left of them ends in an ellipsis. Blanks at the
    end may be cut without one."""
    if width_of("".join(words for words, _ in spans).rstrip()) <= width:
        return list(spans)
    kept: list[Span] = []
    left = width - 1
    for words, style in spans:
        size = width_of(words)
        if size > left:
            return [*kept, (fit(words, left) + signs.ellipsis, style)]
        kept.append((words, style))
        left -= size
    return kept


def marked(line: str, spots: Sequence[tuple[int, int]], style: Style, hit: Style) -> list[Span]:
    """The line with the places that were looked for in another style."""
    spans: list[Span] = []
    at = 0
    for start, end in spots:
        spans += [(line[at:start], style), (line[start:end], hit)]
        at = end
    return [*spans, (line[at:], style)]


def rate(value: float | None, none: str = "–") -> str:
    """A figure per second: one decimal below ten, none above."""
    if value is None:
        return none
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:,.0f}"


def latency(value: float | None, none: str = "–") -> str:
    """Milliseconds with the digits that matter, at most five characters."""
    if value is None:
        return none
    if value < 9.995:
        return f"{value:.2f}" if value < 0.995 else f"{value:.1f}"
    if value < 999.5:
        return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
    return f"{value / 1000:.1f}s" if value < 99950 else f"{value / 1000:.0f}s"


def percent(share: float | None, none: str = "–") -> str:
    """A share as per cent. What is not all is never rounded up to 100."""
    if share is None:
        return none
    if 0.9999 <= share < 1:
        return "99.99%"
    return f"{share * 100:.2f}%"


def short(value: float) -> str:
    """A figure for an axis, at most five characters: `800`, `1.5k`, `2k`, `3M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def tally(value: float) -> str:
    """A whole number in at most seven characters: `99,999`, then `123k`."""
    return f"{value:,.0f}" if value < 99_999.5 else short(value)


def span(seconds: float | None, none: str = "–") -> str:
    """How long: `9s`, `12m`, `3h`, `4d`."""
    if seconds is None:
        return none
    seconds = max(0.0, seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def age(seconds: float | None) -> str:
    """How old, in steps that keep a row still while nothing is wrong."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "<1 s"
    if seconds < 60:
        return f"{int(seconds)} s"
    return f"{int(seconds // 60)} m" if seconds < 3600 else f"{int(seconds // 3600)} h"


def clock_left(seconds: float) -> str:
    """Time left as minutes and seconds: `1:12`."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def size(amount: float | None, none: str = "–") -> str:
    """Bytes in binary units, three digits: `64M`, `1.2G`."""
    if amount is None:
        return none
    value = float(amount)
    for unit in ("B", "K", "M", "G"):
        if value < 999.5:
            return f"{value:.1f}{unit}" if unit == "G" and value < 10 else f"{value:.0f}{unit}"
        value /= 1024
    return f"{value:.1f}T"


def bar(share: float, width: int, signs: Signs) -> str:
    """A bar of `width` cells of which `share` (0 to 1) is filled, in parts of a cell."""
    steps = len(signs.bars)
    parts = round(min(1.0, max(0.0, share)) * width * steps)
    if share > 0:
        parts = max(1, parts)
    whole, rest = divmod(parts, steps)
    text = signs.bars[-1] * whole + (signs.bars[rest - 1] if rest else "")
    return text.ljust(width)


@lru_cache(maxsize=4096)
def _second(at: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def moment(at: float) -> str:
    """Local time of day with milliseconds."""
    whole = int(at)
    return f"{_second(whole)}.{int((at - whole) * 1000):03d}"


def time_of_day(at: float) -> str:
    """Local time of day."""
    return _second(int(at))


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at spaces."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        wider = f"{current} {word}" if current else word
        if current and width_of(wider) > width:
            lines.append(current)
            current = word
        else:
            current = wider
    return [*lines, current] if current else lines
