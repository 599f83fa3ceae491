"""Which palette the room wears: the next one by key, and a user's own again when it is saved."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

from controlroom.panes.look import Look, theme_of
from controlroom.panes.palettes import AUTO, PALETTES, Palette, file_of, palette
from controlroom.panes.pane import Rows


class Theming:
    """Dresses an app. Raises SettingsError for a theme that is not there."""

    def __init__(self, app: App[None], look: Look, name: str) -> None:
        self._app = app
        self._look = look
        self._name = name
        own = name not in (AUTO, *PALETTES)
        self._file: Path | None = file_of(name, os.environ) if own else None
        self._saved = self._stamp()
        self._wear(self._read())

    def next(self) -> str:
        """Wears the next palette; answers its name. The user's own is one of them."""
        names = [*PALETTES, *([self._name] if self._file else [])]
        at = names.index(self._look.palette.name)
        self._wear(palette(names[(at + 1) % len(names)], os.environ))
        return self._look.palette.name

    def reload(self) -> None:
        """Reads the user's own file again where it was saved. Raises SettingsError for a mistake
        in it; the colours stay as they were then."""
        if self._file is None or self._stamp() == self._saved:
            return
        self._saved = self._stamp()
        worn = self._look.palette.name == self._name
        if worn:
            self._wear(self._read())

    def _read(self) -> Palette:
        return palette(self._name, os.environ, str(self._app.console.color_system or ""))

    def _wear(self, wanted: Palette) -> None:
        self._look.use(wanted)
        theme = theme_of(wanted)
        self._app.register_theme(theme)
        changed = self._app.theme != theme.name
        self._app.theme = theme.name
        if not self._app.is_running:
            return
        if not changed:
            self._app.refresh_css(animate=False)
        for screen in self._app.screen_stack:
            for rows in screen.query(Rows):
                rows.redraw()
            screen.refresh()

    def _stamp(self) -> int:
        try:
            return self._file.stat().st_mtime_ns if self._file else 0
        except OSError:
            return 0
