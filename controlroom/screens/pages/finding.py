"""Events looked for in the store itself: hits appear as they are found, esc ends the search."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from shlex import quote

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.finding import Finding
from controlroom.model.finding import Found, Wanted
from controlroom.model.frame import Frame
from controlroom.model.log import LogLine
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Many
from controlroom.screens.pages.filtering import FilterPage
from controlroom.screens.pages.log import line_of
from scenarios.scenario import Scenario


class FoundPage(FilterPage):
    """The hits of one search, newest first."""

    source = "log"
    patience = 0.0
    keys = (("/", "filter the hits"),)

    def __init__(self, below: Below, crumb: str, wanted: Wanted) -> None:
        super().__init__(below, crumb)
        self.wanted = wanted
        self._hits: list[LogLine] = []
        self._found: Found | None = None
        self._begun = 0.0

    @property
    def command(self) -> str:
        """As on the command line."""
        grep = f" --grep {quote(self.wanted.needle.text)}" if self.wanted.needle.text else ""
        fields = "".join(f" --field {quote(f'{n}={v}')}" for n, v in self.wanted.fields.items())
        return f"controlroom logs{grep}{fields}"

    def meant(self, scenario: Scenario) -> Wanted:
        """What is looked for. Raises ValueError where that cannot be told."""
        return self.wanted

    async def load(self) -> None:
        """Looks through the store, window by window."""
        here = self.below.commands.where()
        scenario = await here.scenario()
        self.wanted = self.meant(scenario)
        finding = Finding(LiveEndpoints(here.located), scenario, self.wanted)
        self._hits, self._found = [], None
        try:
            await finding.open()
            async for found in finding.steps():
                self._hits += found.lines
                self._found = found
                self.answered = self.below.frame().now
                self.progress = f"looking: {found.said}; esc ends it"
                self.draw()
        finally:
            with contextlib.suppress(Exception):
                await finding.close()

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """What is looked for, and the needle within the hits."""
        look = self.below.look
        said = self._found.said if self._found is not None else ""
        parts = [f"{name} = {value}" for name, value in self.wanted.fields.items()]
        parts += [f'"{self.wanted.needle.text}"'] if self.wanted.needle.text else []
        asked = f" {look.signs.dot} ".join(map(text.clean, parts))
        shown = sum(self.needle.fits(line.text) for line in self._hits)
        head = Line(((asked, look.bright),), ((said, look.dim),))
        return [head, *self.prompt(f"{shown:,} of {len(self._hits):,} hits")]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """The hits that fit."""
        fitting = [line for line in self._hits if self.needle.fits(line.text)]
        if not fitting:
            word = "nothing found yet" if self.progress else "nothing was found"
            return [Line(((word, self.below.look.dim),))]
        return Many(len(fitting), lambda n: line_of(fitting[n], self))
