"""Events looked for in the store, or in Kafka: hits appear as they are found.

Esc ends a search that goes on and keeps its hits; the next esc goes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Sequence
from shlex import quote
from typing import ClassVar

from textual.binding import BindingType

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.finding import Finding
from controlroom.feeds.kafka_finding import KafkaFinding
from controlroom.model.finding import DOCUMENTS, KAFKA, Found, Hit, Wanted
from controlroom.model.frame import Frame
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Many
from controlroom.screens.pages.filtering import FilterPage
from controlroom.screens.pages.log import line_of
from scenarios.scenario import Scenario


class FoundPage(FilterPage):
    """The hits of one search, newest first."""

    source = "log"
    patience = 0.0
    keys = (("/", "filter the hits"), ("K", "documents or Kafka"))
    BINDINGS: ClassVar[list[BindingType]] = [("K", "place")]

    def __init__(self, below: Below, crumb: str, wanted: Wanted, place: str = DOCUMENTS) -> None:
        super().__init__(below, crumb)
        self.wanted = wanted
        self.place = place
        """Where it is looked for."""
        self._hits: list[Hit] = []
        self._unread: list[str] = []
        self._found: Found | None = None
        self._looking = False
        """Whether the search goes on."""
        self._ended = False
        """Whether it was ended before it was through."""

    def of(self, below: Below) -> FoundPage:
        """The same of another target."""
        return FoundPage(below, self.crumbs[0], self.wanted, self.place)

    @property
    def command(self) -> str:
        """As on the command line."""
        grep = f" --grep {quote(self.wanted.needle.text)}" if self.wanted.needle.text else ""
        fields = "".join(f" --field {quote(f'{n}={v}')}" for n, v in self.wanted.fields.items())
        where = f" --in {self.place}" if self.place != DOCUMENTS else ""
        return f"controlroom logs{where}{grep}{fields}"

    def meant(self, scenario: Scenario) -> Wanted:
        """What is looked for. Raises ValueError where that cannot be told."""
        return self.wanted

    async def _ask(self) -> None:
        """One search, to its end. One that is cancelled says nothing: another may go on by then."""
        self._looking, self._ended = True, False
        await super()._ask()
        self._looking = False

    async def load(self) -> None:
        """Looks through the store, or Kafka, window by window."""
        here = self.below.commands.where()
        scenario = await here.scenario()
        self.wanted = self.meant(scenario)
        kind = KafkaFinding if self.place == KAFKA else Finding
        finding: KafkaFinding | Finding = kind(LiveEndpoints(here.located), scenario, self.wanted)
        self._hits, self._found, self._unread = [], None, []
        try:
            for module in finding.needs:
                await asyncio.to_thread(importlib.import_module, module)
            await finding.open()
            async for found in finding.steps():
                self._hits += found.lines
                self._unread += found.unread
                self._found = found
                self.answered = self.below.frame().now
                self.progress = f"looking: {found.said}; esc ends it"
                self.draw()
        finally:
            with contextlib.suppress(Exception):
                await finding.close()

    def action_back(self) -> None:
        """Ends the search that goes on, and keeps its hits; else the page below."""
        if not self._looking:
            super().action_back()
            return
        self.workers.cancel_group(self, "page")
        self._looking, self._ended = False, True
        self.progress = ""
        self.answered = self.below.frame().now
        self.draw()

    def action_again(self) -> None:
        """Looks anew, also where the search was ended."""
        if self._ended:
            self.answered = None
            self.ask_anew()
        else:
            super().action_again()

    def action_place(self) -> None:
        """The same, looked for in the other place. A search that is on ends."""
        self.place = DOCUMENTS if self.place == KAFKA else KAFKA
        self._hits, self._found, self._unread, self.answered = [], None, [], None
        self.trouble = self.fix = self.progress = ""
        self.ask_anew()
        self.draw()

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """What is looked for, and the needle within the hits."""
        look = self.below.look
        said = self._found.said if self._found is not None else ""
        if self._ended:
            said = f"{said} {look.signs.dot} ended".removeprefix(f" {look.signs.dot} ")
        parts = [f"{name} = {value}" for name, value in self.wanted.fields.items()]
        parts += [f'"{self.wanted.needle.text}"'] if self.wanted.needle.text else []
        where = "Kafka" if self.place == KAFKA else "documents"
        asked = f" {look.signs.dot} ".join(map(text.clean, [f"in {where}", *parts]))
        shown = sum(self.needle.fits(line.text) for line in self._hits)
        head = Line(((asked, look.bright),), ((said, look.dim),))
        return [head, *self._unreadable(), *self.prompt(f"{shown:,} of {len(self._hits):,} hits")]

    def texts(self, frame: Frame) -> Sequence[str]:
        """Of the hits."""
        return [line.text for line in self._fitting()]

    def _fitting(self) -> list[Hit]:
        return [line for line in self._hits if self.passes(line.text)]

    def _unreadable(self) -> list[Line]:
        """What could not be read: the newest such place, and how many more there are."""
        if not self._unread:
            return []
        look, more = self.below.look, len(self._unread) - 1
        words = f"{look.signs.fault} cannot be read: {self._unread[0]}"
        return [Line(((words + (f" and {more:,} more" if more else ""), look.warn),))]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """The hits that fit."""
        fitting = self._fitting()
        if not fitting:
            word = "nothing found yet" if self.progress else "nothing was found"
            return [Line(((word, self.below.look.dim),))]
        return Many(len(fitting), lambda n: line_of(fitting[n], self))
