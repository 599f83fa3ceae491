"""All signs that the room draws, as Unicode and as ASCII."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.limits import Grade


@dataclass(frozen=True, slots=True)
class Signs:
    """One sign per meaning. Every sign is one cell wide."""

    corners: str
    """Top left, top right, bottom left, bottom right."""
    across: str
    down: str
    rule: str
    ellipsis: str
    none: str
    """No traffic, no figure."""
    dot: str
    """Between two facts."""
    live: str
    away: str
    run: str
    fault: str
    good: str
    degraded: str
    strip: str
    """A share over time, all well, degraded, broken: the worse, the more of the cell."""
    up: str
    down_trend: str
    flat: str
    ascending: str
    """Before the column that is sorted by, the least first."""
    descending: str
    left: str
    right: str
    minus: str
    bars: str
    """From the thinnest part of a cell to the full one."""
    track: str
    """What a bar has not filled yet."""
    tick: str
    """Where a figure of an axis meets the plot."""
    mark: str
    """Stands in the plot under a fault or a recovery."""
    differs: str
    """Two that are told apart."""
    keys: str
    """Left and right; up and down."""
    braille: bool

    def of(self, grade: Grade) -> str:
        """That of something degraded or broken; a blank of what is well."""
        return (" ", self.degraded, self.fault)[grade]


UNICODE = Signs(
    corners="╭╮╰╯",
    across="─",
    down="│",
    rule="─",
    ellipsis="…",
    none="–",
    dot="·",
    live="●",
    away="○",
    run="▶",
    fault="✗",
    good="✓",
    degraded="▲",
    strip="▁▄█",
    up="↗",
    down_trend="↘",
    flat="→",
    ascending="▲",
    descending="▼",
    left="‹",
    right="›",
    minus="−",
    bars="▏▎▍▌▋▊▉█",
    track=" ",
    tick="┤",
    mark="┊",
    differs="≠",
    keys="←→↑↓",
    braille=True,
)

ASCII = Signs(
    corners="++++",
    across="-",
    down="|",
    rule="-",
    ellipsis="~",
    none="-",
    dot="/",
    live="*",
    away="o",
    run=">",
    fault="x",
    good="v",
    degraded="!",
    strip="_o#",
    up="^",
    down_trend="v",
    flat="=",
    ascending="^",
    descending="v",
    left="<",
    right=">",
    minus="-",
    bars="#",
    track=".",
    tick="|",
    mark=":",
    differs="#",
    keys="<>^v",
    braille=False,
)

_SPELLED = str.maketrans(
    {"·": "/", "…": "~", "–": "-", "—": "-", "−": "-", "→": "->", "×": "x", "▶": ">", "✗": "x",
     "✓": "v", "▲": "!", "↑": "^", "↓": "v", "←": "<", "µ": "u"}
)  # fmt: skip


def spelled(text: str, signs: Signs) -> str:
    """The text with its own signs turned into those of an ASCII room; letters stay as they are."""
    return text if signs.braille or text.isascii() else text.translate(_SPELLED)
