"""A run that changes something of the target for a while, and puts it back whatever happens."""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from controlroom.runs.folder import RunFolder
from controlroom.targets.abilities import TargetError
from host.paths import write_private

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter

READY = 120.0
"""Seconds that all wanted pods get to be ready."""
PUT_BACK = 60.0
"""Seconds that a target gets to take what was before; a target that is away is asked again."""
POLL = 0.25

T = TypeVar("T")


class Former(Generic[T]):
    """What was before, by deployment: a file in the folder of the run, and a mark beside it once
    that is there again."""

    def __init__(self, folder: RunFolder, name: str, mark: str) -> None:
        self._file, self._mark = folder.path / name, folder.path / mark

    def keep(self, values: Mapping[str, T]) -> None:
        """On disk, before anything is changed."""
        write_private(self._file, json.dumps(values))

    def left(self) -> Mapping[str, T]:
        """What is not there again; empty where nothing was changed."""
        if self._mark.exists():
            return {}
        try:
            found: Mapping[str, T] = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    def back(self) -> None:
        """It is there again."""
        self._mark.touch()


class HoldingRun(ABC):
    """Sets, waits until all is ready, holds, and puts back."""

    def __init__(self, run: RunWriter) -> None:
        self._run = run

    async def run(self) -> None:
        """Until somebody asks for the end, or its owner is over or dead."""
        failed = ""
        try:
            await self._set()
            self._run.update(state="running", started=time.time())
            while not self._run.stop_asked:
                await asyncio.sleep(POLL)
        except TargetError as error:
            failed = f"{error} {error.fix}".strip()
        self._run.update(state="stopping")
        left = await self._put_back()
        if left:
            self._run.end("failed", f"not put back: {left}", {"clean": False})
        elif failed:
            self._run.end("failed", failed, {"clean": True})
        else:
            self._run.end("stopped", "put back", {"clean": True})

    @abstractmethod
    async def _set(self) -> None:
        """What was before is on disk before anything is changed. Raises TargetError."""

    @abstractmethod
    async def _put_back(self) -> str:
        """What is left, in words; safe to repeat."""
