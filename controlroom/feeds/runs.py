"""Runs, as they lie in the state folder, and what runs have left behind in the target."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controlroom.model.effects import ActiveEffect
from controlroom.model.run import Runs
from controlroom.model.story import RunStory
from controlroom.targets.abilities import TargetError
from wire.ending import end

if TYPE_CHECKING:
    from controlroom.runs.store import RunStore
    from controlroom.runs.story import StoryReader

SHOWN = 20
"""Newest ended runs that are kept in view."""
LISTED = 5000
"""Newest ended runs that a list of all has."""
UNREAD = 300
"""Runs that are read for the first time in one look, so that thousands hold nothing up."""
STORY_EVERY = 0.9
"""Seconds between two looks into the folder of a run that is shown by itself."""

LOOK_EVERY = 15.0
"""Seconds between two looks at what the target holds; a change of the runs hurries one."""
Left = Callable[[], Awaitable[tuple[ActiveEffect, ...]]]


class RunsSource:
    """Reads the small view file of every run; in a thread, as a disk may be slow.

    `left` asks the target what was left behind. It is asked beside the reading, so that a target
    that is slow or away holds nothing up; what it said last stays meanwhile.
    """

    name = "runs"
    period = 0.25
    timeout = 4.0
    needs: tuple[str, ...] = ("controlroom.runs.store",)

    def __init__(self, folder: Path, left: Left | None = None) -> None:
        self._folder = folder
        self._ask = left
        self._store: RunStore | None = None
        self._left: tuple[ActiveEffect, ...] = ()
        self._looking: asyncio.Task[None] | None = None
        self._looked = float("-inf")
        self._active = 0
        self._wanted: tuple[str, ...] = ()
        self._readers: dict[str, StoryReader] = {}
        self._stories: dict[str, RunStory] = {}
        self._told = float("-inf")

    def tell(self, runs: tuple[str, ...]) -> bool:
        """Whose stories are told from now on; whether these are others than before."""
        changed, self._wanted = runs != self._wanted, runs
        if changed:
            self._told = float("-inf")
        return changed

    async def open(self) -> None:
        """Finds the folder; it may be empty or missing."""
        from controlroom.runs.store import RunStore

        self._store = RunStore(self._folder)

    async def read(self) -> Runs:
        """Active runs first, then the newest ended ones."""
        assert self._store is not None
        runs = await asyncio.to_thread(self._read, self._store)
        if len(runs.active) != self._active:
            self._active = len(runs.active)
            self.look_again()
        self._look()
        return replace(runs, left=self._left)

    def _read(self, store: RunStore) -> Runs:
        """In a thread, one at a time."""
        runs = store.look(SHOWN, LISTED, UNREAD)
        if time.monotonic() - self._told >= STORY_EVERY:
            self._told = time.monotonic()
            stories = self._told_of(runs, store)
            if stories != self._stories:
                self._stories = stories
        return replace(runs, stories=self._stories)

    def _told_of(self, runs: Runs, store: RunStore) -> dict[str, RunStory]:
        from controlroom.runs.errors import NoSuchRunError
        from controlroom.runs.story import StoryReader

        wanted = self._wanted
        self._readers = {run: self._readers[run] for run in wanted if run in self._readers}
        told = {}
        for run in wanted:
            view = runs.find(run)
            if view is None:
                continue
            with contextlib.suppress(NoSuchRunError, OSError):
                if run not in self._readers:
                    self._readers[run] = StoryReader(store.folder(run))
                told[run] = self._readers[run].read(view)
        return told

    def look_again(self) -> None:
        """The target is asked with the next reading."""
        self._looked = float("-inf")

    async def close(self) -> None:
        """Ends the look that is on."""
        looking, self._looking = self._looking, None
        if looking is not None:
            await end([looking])

    def _look(self) -> None:
        due = time.monotonic() - self._looked >= LOOK_EVERY
        if self._ask is None or not due or (self._looking and not self._looking.done()):
            return
        self._looked = time.monotonic()
        self._looking = asyncio.create_task(self._looked_at(self._ask))

    async def _looked_at(self, ask: Left) -> None:
        # whoever may not read them sees none; the panels name the missing right
        with contextlib.suppress(TargetError):
            self._left = await ask()
