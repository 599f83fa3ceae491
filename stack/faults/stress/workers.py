"""The processes of one StressChaos. They die with the stack, and at their own end in any case."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from host import leash
from host.errors import StackError

START = 30.0
"""Seconds that a worker gets to have what it was asked for."""
_FILE = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, slots=True)
class Work:
    """What one worker uses: per cent of a core, or bytes of memory."""

    what: Literal["cpu", "memory"]
    amount: int


class Workers:
    """A process for each work; one that was ended from outside is started again."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        """Place of the work -> its process."""

    @property
    def pids(self) -> list[int]:
        """Of those that live."""
        return [one.pid for one in self._processes.values() if one.returncode is None]

    async def start(self, until: float) -> None:
        """Starts those that do not live; each ends at `until`, by the monotonic clock.

        Returns when all use what they were asked for. Raises StackError where one does not.
        """
        left = until - time.monotonic()
        missing = [n for n in range(len(self._works)) if not self._lives(n)]
        if left > 0:
            # all have begun or failed before one that failed is told, so that `end` finds all
            begun = await asyncio.gather(
                *(self._begin(n, left) for n in missing), return_exceptions=True
            )
            for failed in (one for one in begun if isinstance(one, BaseException)):
                raise failed

    async def end(self) -> None:
        """Ends all. Raises StackError where one does not go."""
        for process in self._processes.values():
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        try:
            async with asyncio.timeout(START):
                await asyncio.gather(*(one.wait() for one in self._processes.values()))
        except TimeoutError:
            names = ", ".join(map(str, self.pids))
            raise StackError(f"Workers do not end: {names}.", "End them by hand.") from None

    def _lives(self, number: int) -> bool:
        process = self._processes.get(number)
        return process is not None and process.returncode is None

    async def _begin(self, number: int, left: float) -> None:
        work = self._works[number]
        argv = (sys.executable, "-I", "-S", str(_FILE), work.what, str(work.amount), f"{left:.3f}")
        # the leash is tied to the thread that starts: the loop's, which is the main one
        try:
            process = await asyncio.create_subprocess_exec(
                *leash.command(*argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise StackError(
                f"A worker did not start: {error.strerror}.", "Ask for less."
            ) from error
        self._processes[number] = process
        assert process.stdout is not None
        try:
            said = await asyncio.wait_for(process.stdout.readline(), START)
        except TimeoutError:
            said = b""
        if said.strip() != b"ready":
            amount = f"{work.amount} {'% of a core' if work.what == 'cpu' else 'bytes'}"
            raise StackError(f"A worker for {amount} did not start.", "Ask for less.")
