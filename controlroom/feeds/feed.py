"""The interface of a source, and the loop that turns any source into reports.

A source knows how to read once. The loop knows the clock, the time-out, the way back after a
failure and what to say meanwhile. Client libraries are imported when a source is opened, which
is after the first frame was drawn.
"""

from __future__ import annotations

import asyncio
import importlib
import operator
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from controlroom.feeds.errors import explain
from controlroom.model.samples import Failed, NoData, Report, Sample

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
CALM_AFTER = 3.0
"""Seconds without a change after which a source is asked no more often than every CALM_PERIOD."""
CALM_PERIOD = 1.0
"""Seconds; shorter than the time after which figures count as stale. A source whose figures last
longer may have a `calm_period` of its own."""


class Source(Protocol):
    """A source of figures that can be asked repeatedly."""

    name: str
    """Name of the key of its panel."""
    period: float
    """Seconds between two questions."""
    timeout: float
    """Seconds that opening, or one question, may take."""
    needs: tuple[str, ...]
    """Modules that `open` imports. They are imported in a thread first, which does not block."""

    async def open(self) -> None:
        """Connects. Called before the first `read` and after every failure."""
        ...

    async def read(self) -> object | None:
        """Asks once; None where the source answered and had nothing to say."""
        ...

    async def close(self) -> None:
        """Closes what `open` opened, also where it did not finish."""
        ...


class Feed:
    """Runs one source: asks, reports, and on failure tries again with growing pauses."""

    def __init__(
        self,
        source: Source,
        publish: Callable[[Report], None],
        clock: Callable[[], float] = time.time,
        first_pause: float = FIRST_PAUSE,
        stirred: Callable[[], None] = lambda: None,
        question: Callable[[], Awaitable[object | None]] | None = None,
        seen: Callable[[], bool] = lambda: True,
    ) -> None:
        """`stirred` is called at the first change after a time without one. `question` reads a
        source that wants arguments. While nobody has what it says in sight, by `seen`, it is asked
        nothing; `hurry` has it look again whether somebody has."""
        self.source = source
        self._publish = publish
        self._clock = clock
        self._first_pause = first_pause
        self._stirred = stirred
        self._read = question or source.read
        self._seen = seen
        self._pause = first_pause
        self._hurry = asyncio.Event()
        self._last: object | None = None
        self._changed = time.monotonic()

    @property
    def calm(self) -> bool:
        """Whether what the source says has not changed for a while."""
        return time.monotonic() - self._changed > CALM_AFTER

    def wake(self) -> None:
        """Asks at the usual pace again: something else has changed, so this may have too."""
        if self.calm and self._last is not None:
            self._changed = time.monotonic()
            self.hurry()

    def hurry(self) -> None:
        """Asks now instead of waiting, whether for the next turn or for the next try."""
        self._hurry.set()

    async def run(self) -> None:
        """Never returns; ends by cancellation, and closes the source then."""
        opened = False
        try:
            while True:
                await self._until_seen()
                try:
                    if not opened:
                        await self._open()
                        opened = True
                    await self._ask()
                except Exception as error:
                    opened = False
                    await self._away(error)
        finally:
            await self._close()

    async def _until_seen(self) -> None:
        while not self._seen():
            if self._last is not None:
                # whoever looks next is shown no old figures
                self._last = None
                self._publish(NoData(self.source.name, self._clock()))
            await self._hurry.wait()
            self._hurry.clear()

    async def _open(self) -> None:
        for module in self.source.needs:
            await asyncio.to_thread(importlib.import_module, module)
        await self._bounded(self.source.open())

    async def _ask(self) -> None:
        started = time.monotonic()
        figure = await self._bounded(self._read())
        now = self._clock()
        name = self.source.name
        if figure is None:
            self._publish(NoData(name, now))
        else:
            self._publish(Sample(name, now, figure, getattr(figure, "window", None)))
        self._pause = self._first_pause
        self._compare(figure)
        calm = getattr(self.source, "calm_period", CALM_PERIOD)
        period = max(self.source.period, calm) if self.calm else self.source.period
        await self._rest(period - (time.monotonic() - started))

    def _compare(self, figure: object | None) -> None:
        same = getattr(self.source, "same", operator.eq)
        before, self._last = self._last, figure
        if before is not None and figure is not None and same(before, figure):
            return
        calm, self._changed = self.calm, time.monotonic()
        if calm and before is not None:
            self._stirred()

    async def _away(self, error: Exception) -> None:
        await self._close()
        if self._last is not None:
            self._changed = time.monotonic()
        self._last = None
        jittered = self._pause * random.uniform(0.7, 1.3)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        now = self._clock()
        trouble = explain(self.source.name, error)
        self._publish(
            Failed(
                self.source.name,
                now,
                trouble.error,
                trouble.fix,
                retry_at=now + jittered,
                denied=trouble.denied,
            )
        )
        await self._rest(jittered)

    async def _rest(self, seconds: float) -> None:
        # at least one turn of the loop, so that a slow source never starves the others
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._hurry.wait()
        self._hurry.clear()

    async def _bounded(self, question: object) -> object | None:
        async with asyncio.timeout(self.source.timeout):
            return await question  # type: ignore[misc,no-any-return]

    async def _close(self) -> None:
        with suppress(Exception):
            async with asyncio.timeout(self.source.timeout):
                await self.source.close()
