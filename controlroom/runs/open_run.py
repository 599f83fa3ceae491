"""Conducts an open load: starts its process, follows the seconds that it writes, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controlroom.arrivals.results import read_result, read_seconds
from controlroom.model.run import LoadFigures, RunState
from controlroom.runs.open_spec import OpenSpec
from controlroom.runs.run_writer import RunWriter
from host import leash

POLL = 0.2
PLAN, RESULTS = "arrivals.json", "arrivals"
START_TIME = 60.0
GRACE = 5.0
"""Seconds after its last answer may come in which the process must have ended."""


class OpenRun:
    """One open load. Its process dies with the one that conducts it."""

    def __init__(
        self,
        run: RunWriter,
        spec: OpenSpec,
        heard: Callable[[Mapping[str, Any]], None] = lambda line: None,
    ) -> None:
        """`heard` gets each second once all of its requests are over."""
        self._run = run
        self._spec = spec
        self._heard = heard
        self._seen: set[int] = set()
        self._sums = dict.fromkeys(("sent", "answered", "failed", "dropped"), 0)
        self._signals = 0

    @property
    def results(self) -> Path:
        """The folder that the process writes."""
        return self._run.folder.path / RESULTS

    async def run(self) -> None:
        """From the start of the process to its result."""
        plan = self._run.folder.path / PLAN
        plan.write_text(json.dumps(self._plan()))
        argv = (sys.executable, "-m", "controlroom.arrivals", str(plan), str(self.results))
        with self._run.folder.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *leash.command(*argv),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self._run.folder.path, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        self._run.note("load process started", pid=process.pid)
        ended = asyncio.create_task(process.wait())
        limit = time.monotonic() + START_TIME + self._spec.seconds + self._spec.timeout + GRACE
        try:
            while not ended.done() and time.monotonic() < limit:
                await asyncio.wait({ended}, timeout=POLL)
                self._follow()
                self._listen(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await ended
        self._follow()
        self._end()

    def _plan(self) -> dict[str, Any]:
        names = ("url", "scenario", "path", "rate", "seconds", "seed", "batch", "timeout")
        told = {name: getattr(self._spec, name) for name in names}
        return {**told, "run": self._run.folder.id, "anywhere": bool(self._spec.context)}

    def _listen(self, process: Process) -> None:
        """The first signal lets answers come, the second does not."""
        wanted = 2 if self._run.cut_asked else int(self._run.stop_asked)
        while self._signals < wanted:
            self._signals += 1
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    def _follow(self) -> None:
        new = [one for one in read_seconds(self.results) if one["t"] not in self._seen]
        for line in new:
            self._seen.add(line["t"])
            for name in self._sums:
                self._sums[name] += line[name]
            self._heard(line)
        if new:
            if self._run.view.state == "starting":
                self._run.update(state="running", started=float(new[0]["t"]))
            self._run.update(load=self._figures(new[-1]))

    def _figures(self, line: Mapping[str, Any]) -> LoadFigures:
        sums = self._sums
        return LoadFigures(
            sums["sent"], sums["answered"], sums["failed"] + sums["dropped"], None, 0,
            float(line["answered"] + line["failed"]), line["p50"], line["p95"], line["p99"],
        )  # fmt: skip

    def _end(self) -> None:
        result = read_result(self.results) or {}
        state = result.get("state")
        if state not in ("finished", "stopped"):
            why = result.get("error") or f"the load process died; see {self._run.folder.log}"
            self._run.end("failed", why, result)
            return
        over: RunState = "stopped" if state == "stopped" else "finished"
        self._run.end(over, result["bound"], result)
