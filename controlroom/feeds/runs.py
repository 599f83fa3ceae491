"""Runs, as they lie in the state folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from controlroom.model.run import Runs

if TYPE_CHECKING:
    from controlroom.runs.store import Store

SHOWN = 20
"""Newest ended runs that are kept in view."""


class RunsSource:
    """Reads the small view file of every run; in a thread, as a disk may be slow."""

    name = "runs"
    period = 0.25
    timeout = 4.0
    needs: tuple[str, ...] = ("controlroom.runs.store",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store: Store | None = None

    async def open(self) -> None:
        """Finds the folder; it may be empty or missing."""
        from controlroom.runs.store import Store

        self._store = Store(self._folder)

    async def read(self) -> Runs:
        """Active runs first, then the newest ended ones."""
        assert self._store is not None
        return await asyncio.to_thread(self._store.runs, SHOWN)

    async def close(self) -> None:
        """Nothing to close."""
