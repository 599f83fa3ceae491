"""The look of the room: the styles that a palette gives, and the signs."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from controlroom.panes.palettes import DARK, Palette
from controlroom.panes.signs import ASCII, UNICODE, Signs
from scenarios.limits import Grade


def theme_of(palette: Palette) -> Theme:
    """The same colours for dialogs."""
    return Theme(
        name=f"room-{palette.name}",
        primary=palette.accent,
        secondary=palette.bar,
        accent=palette.accent,
        success=palette.good,
        warning=palette.warn,
        error=palette.bad,
        foreground=palette.text,
        background=palette.background,
        surface=palette.surface,
        panel=palette.raised,
        dark=palette.dark,
        variables={
            "block-cursor-foreground": palette.background,
            "block-cursor-background": palette.accent,
        },
    )


class Look:
    """How things are drawn. Colour only repeats what a word or a sign says."""

    palette: Palette

    def __init__(self, ascii_only: bool = False, palette: Palette = DARK) -> None:
        self.signs: Signs = ASCII if ascii_only else UNICODE
        self.use(palette)

    def use(self, palette: Palette) -> None:
        """From now on things are drawn in these colours."""
        self.palette = palette

        def on(color: str, bold: bool | None = None) -> Style:
            return Style(color=color, bgcolor=palette.background, bold=bold)

        self.text, self.dim, self.frame = on(palette.text), on(palette.dim), on(palette.frame)
        self.title, self.bright = on(palette.text, bold=True), on(palette.bright, bold=True)
        self.accent, self.bar = on(palette.accent), on(palette.bar)
        self.focus = self.key = on(palette.accent, bold=True)
        self.good, self.warn, self.bad = on(palette.good), on(palette.warn), on(palette.bad, True)
        self.alarm = Style(color=palette.background, bgcolor=palette.bad, bold=True)
        """Loss: stands out without colour too."""
        self.badge = Style(color=palette.background, bgcolor=palette.warn, bold=True)
        self.track = Style(color=palette.track, bgcolor=palette.trough)
        """What a bar has not filled yet."""
        self.rps, self.success, self.p95, self.lag = map(
            on, (palette.accent, palette.good, palette.latency, palette.lag)
        )
        self.members = tuple(map(on, palette.members))
        """Of lines of the log, by what they count for."""

    def of(self, grade: Grade) -> Style:
        """Colour of something that is degraded or broken, and of what is well."""
        return (self.text, self.warn, self.bad)[grade]
