"""Conducts a load run: starts the load process, follows it, and ends it at the latest in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable

from controlroom.runs.account import LoadAccount
from controlroom.runs.report import LoadProgress
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import LoadSpec

POLL = 0.1
START_TIME = 60.0
"""Seconds that the load process may need to start and to read its records."""
GRACE = 5.0
"""Seconds after the drain in which the load process must have ended."""
LONGEST_LINE = 1 << 26


class LoadRun:
    """One load run. `spec.timeout + spec.drain + GRACE` after its start it is over, always."""

    def __init__(
        self,
        run: RunWriter,
        spec: LoadSpec,
        heard: Callable[[LoadProgress], None] = lambda line: None,
    ) -> None:
        """`heard` gets each line of the load process as it comes."""
        self._run = run
        self._spec = spec
        self._account = LoadAccount(run, spec, heard)
        self._said: set[str] = set()
        self._over_time = False

    async def run(self) -> None:
        """From the start of the load process to the last word about it."""
        log = self._run.folder.log.open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "controlroom.runs.locustfile",
                str(self._run.folder.path),
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                limit=LONGEST_LINE,
                cwd=self._run.folder.path,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._run.note("load process started", pid=process.pid)
        watch = asyncio.create_task(self._watch(process))
        try:
            await self._follow(process)
            code = await process.wait()
        finally:
            watch.cancel()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        self._account.end(self._why(code))

    async def _follow(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._account.take(line)

    async def _watch(self, process: Process) -> None:
        end = time.monotonic() + START_TIME + self._spec.timeout + self._spec.drain + GRACE
        stop_end = None
        while time.monotonic() < (stop_end or end):
            await asyncio.sleep(POLL)
            running = self._run.view.state != "starting"
            if running and "started" not in self._said:
                self._said.add("started")
                end = time.monotonic() + self._spec.timeout + self._spec.drain + GRACE
            if self._run.stop_asked and stop_end is None:
                stop_end = min(end, time.monotonic() + self._spec.drain + GRACE)
                self._say(process, "drain")
            if self._run.cut_asked:
                stop_end = min(stop_end or end, time.monotonic() + GRACE)
                self._say(process, "cut")
        self._over_time = True
        process.kill()

    def _say(self, process: Process, word: str) -> None:
        if word in self._said or process.stdin is None:
            return
        self._said.add(word)
        self._run.note(word)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(word.encode() + b"\n")

    def _why(self, code: int) -> str:
        if self._over_time:
            return "the load process did not end in time and was killed"
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the load process {how}; see {self._run.folder.log}"
