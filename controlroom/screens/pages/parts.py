"""What pages are made of: rows of columns, a source of their own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Sequence
from typing import Any

from rich.style import Style

from controlroom.commands.here import Here
from controlroom.feeds.feed import Source
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span
from controlroom.screens.page import Below, Page

Cell = tuple[str, int, Style]
"""Words, width and style; a width below 0 stands at the right end of so many cells."""


def cells(row: Sequence[Cell], look: Look) -> tuple[Span, ...]:
    """A row of columns. Text from outside is cleaned, and never cut without a sign."""
    spans: list[Span] = []
    for words, width, style in row:
        words = text.clean(words)
        words = text.fit(words, width, look.signs) if width >= 0 else text.right(words, -width)
        spans.append((words, style))
    return tuple(spans)


class SourcePage(Page):
    """A page with a source of its own, which is open for as long as the page is."""

    def __init__(self, below: Below, *crumbs: str) -> None:
        super().__init__(below, *crumbs)
        self.told: Any = None
        """What the source said last."""
        self._open: Source | None = None

    async def make(self, here: Here) -> Source:
        """The source, not yet open."""
        raise NotImplementedError

    def made(self, source: Source) -> None:
        """A new source is told what is asked of it."""

    async def load(self) -> None:
        """Connects where that is not done, and asks once."""
        try:
            if self._open is None:
                source = await self.make(self.below.commands.where())
                for module in source.needs:
                    await asyncio.to_thread(importlib.import_module, module)
                self._open = source
                self.made(source)
                await source.open()
            self.take(await self._open.read())
        except BaseException:
            await self.let_go()
            raise

    def take(self, told: Any) -> None:
        """Keeps what the source said."""
        self.told = told

    async def let_go(self) -> None:
        """Ends the connections."""
        source, self._open = self._open, None
        if source is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(3.0):
                    await source.close()
