"""The frame of the moment that the time cursor stands on, for all panels of the room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from controlroom.model.frame import Frame

Read = Callable[[float], Frame | None]
"""The frame of a moment; None where nothing was kept of it. Called in a thread."""
Work = Callable[[Coroutine[Any, Any, None], str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which moment, and of what."""

    at: float
    target: str
    scenario: str


class Looking:
    """Reads one moment at a time, the one that is wanted last: a key that is held down leaves no
    queue behind, and what comes late for another moment is not shown."""

    def __init__(self, read: Read, work: Work, arrived: Callable[[], None]) -> None:
        """`work` runs a coroutine beside the screen; `arrived` is called when a moment is there."""
        self._read, self._work, self._arrived = read, work, arrived
        self._wanted: Wish | None = None
        self._read_for: Wish | None = None
        self._then: Frame | None = None
        self._reading = False

    def frame(self, at: float | None, now: Frame) -> Frame | None:
        """The frame of that moment, with `looked_at`; without any panel where nothing was kept.

        None while nobody looks back, and until it was read; while the next moment is read, the one
        before it, which says its own time.
        """
        if at is None:
            self._wanted = self._read_for = self._then = None
            return None
        self._wanted = wanted = Wish(at, now.target, now.scenario)
        if self._then is not None and not _alike(self._then, now):
            self._then = self._read_for = None
        if self._read_for != wanted and not self._reading:
            self._reading = True
            self._work(self._follow(), "moments")
        return self._then

    async def _follow(self) -> None:
        try:
            while (wanted := self._wanted) is not None and wanted != self._read_for:
                try:
                    found = await asyncio.to_thread(self._read, wanted.at)
                except Exception:
                    self._read_for = wanted  # it is said once
                    raise
                if wanted == self._wanted:
                    self._read_for, self._then = wanted, _of(found, wanted)
                    self._arrived()
        finally:
            self._reading = False


def _alike(one: Frame | Wish, other: Frame | Wish) -> bool:
    return (one.target, one.scenario) == (other.target, other.scenario)


def _of(found: Frame | None, wanted: Wish) -> Frame:
    if found is None or not _alike(found, wanted):
        found = Frame(wanted.at, wanted.scenario, "", wanted.target)
    return replace(found, looked_at=wanted.at)
