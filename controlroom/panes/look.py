"""The look of the room: one palette of colours that are exact in 256, and the signs."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from controlroom.panes.signs import ASCII, UNICODE, Signs
from scenarios.limits import Grade

BACKGROUND = "#121212"
SURFACE = "#1c1c1c"
RAISED = "#262626"
TEXT = "#c6c6c6"
DIM = "#8a8a8a"
FRAME = "#444444"
BRIGHT = "#eeeeee"
ACCENT = "#87afd7"
GREEN = "#87af87"
AMBER = "#d7af5f"
RED = "#ff5f5f"
VIOLET = "#af87d7"

THEME = Theme(
    name="room",
    primary=ACCENT,
    secondary="#5f87af",
    accent=ACCENT,
    success=GREEN,
    warning=AMBER,
    error=RED,
    foreground=TEXT,
    background=BACKGROUND,
    surface=SURFACE,
    panel=RAISED,
    dark=True,
    variables={"block-cursor-foreground": BACKGROUND, "block-cursor-background": ACCENT},
)


def _on(color: str, bold: bool | None = None) -> Style:
    return Style(color=color, bgcolor=BACKGROUND, bold=bold)


class Look:
    """How things are drawn. Colour only repeats what a word or a sign says."""

    text = _on(TEXT)
    dim = _on(DIM)
    frame = _on(FRAME)
    focus = _on(ACCENT, bold=True)
    title = _on(TEXT, bold=True)
    bright = _on(BRIGHT, bold=True)
    accent = _on(ACCENT)
    bar = _on("#5f87af")
    good = _on(GREEN)
    warn = _on(AMBER)
    bad = _on(RED, bold=True)
    alarm = Style(color=BACKGROUND, bgcolor=RED, bold=True)
    """Loss: stands out without colour too."""
    key = _on(ACCENT, bold=True)
    track = Style(color="#585858", bgcolor="#303030")
    """What a bar has not filled yet."""
    badge = Style(color=BACKGROUND, bgcolor=AMBER, bold=True)
    rps = _on(ACCENT)
    success = _on(GREEN)
    p95 = _on(AMBER)
    lag = _on(VIOLET)
    members = tuple(map(_on, (ACCENT, GREEN, VIOLET, "#5fafaf", "#d787af", "#afaf87")))
    """Of lines of the log, by what they count for; none is a colour of trouble."""

    def of(self, grade: Grade) -> Style:
        """Colour of something that is degraded or broken, and of what is well."""
        return (self.text, self.warn, self.bad)[grade]

    def __init__(self, ascii_only: bool = False) -> None:
        self.signs: Signs = ASCII if ascii_only else UNICODE
