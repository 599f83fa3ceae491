"""Conducts an open load: starts its process, follows what it writes, ends it in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from controlroom.arrivals.plan import Plan, PlanError, check
from controlroom.arrivals.results import read_result
from controlroom.model.run import LoadFigures, RunState
from controlroom.runs.errors import SpecError
from controlroom.runs.records import codec_of, read_records
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import LoadSpec
from controlroom.runs.supply import bodies_of
from host import leash
from host.paths import write_private

LOOK = 0.25
START_TIME = 60.0
"""Seconds that the process may need to start and to read its records."""
GRACE = 5.0
FOLDER, PLAN, BODIES = "arrivals", "plan.json", "bodies.jsonl"
"""In the folder of the run: what the process gives, what it is given."""


class OpenRun:
    """One open load. Its process dies with this one."""

    def __init__(self, run: RunWriter, spec: LoadSpec) -> None:
        self._run = run
        self._spec = spec
        self._results = run.folder.path / FOLDER
        self._last: dict[str, Any] = {}
        self._rate = 0.0
        self._asked = 0

    async def run(self) -> None:
        """From the start of the process to the last word about it."""
        # a file of many records is not read beside the signals of the run
        plan = await asyncio.to_thread(_written, self._run.folder.path, self._spec)
        with self._run.folder.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *leash.command(sys.executable, "-m", "controlroom.arrivals"),
                *(str(plan), str(self._results)),
                stdin=DEVNULL, stdout=log, stderr=log,
                cwd=self._run.folder.path, env=os.environ,
            )  # fmt: skip
        self._run.note("load process started", pid=process.pid)
        try:
            code = await self._follow(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        self._look()
        self._end(code)

    async def _follow(self, process: Process) -> int | None:
        """Answers its exit code; None where it did not end in time."""
        spec = self._spec
        limit = time.monotonic() + START_TIME + spec.timeout + 2 * spec.drain + GRACE
        while time.monotonic() < limit:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(process.wait(), LOOK)
            asked = 2 if self._run.cut_asked else 1 if self._run.stop_asked else 0
            # before it has told anything it has no handler yet, and a signal would be its death
            if self._look() and asked > self._asked:
                self._asked += 1
                self._run.note("drain" if self._asked == 1 else "cut")
                process.send_signal(signal.SIGTERM)
                limit = min(limit, time.monotonic() + spec.drain + GRACE)
        return None

    def _look(self) -> bool:
        """Tells what is new; False where the process has told nothing yet."""
        found = read_result(self._results)
        if found is None or found == self._last:
            return found is not None
        before, self._last = self._last, found
        if "sent" not in found:
            return True
        self._rate = _rate(before, found)
        view, changes = self._run.view, {}
        if view.state == "starting":
            began = found["started"]
            changes = {"state": "running", "started": began, "ends_at": began + self._spec.timeout}
        elif self._asked and view.state == "running":
            changes = {"state": "stopping"}
        self._run.update(**changes, load=self._figures())
        return True

    def _end(self, code: int | None) -> None:
        result = self._last
        state: RunState = "failed"
        bound = result.get("error", "")
        if result.get("state") in ("finished", "stopped"):
            state, bound = result["state"], result["bound"]
            self._rate = (result["answered"] + result["failed"]) / max(result["seconds"], 0.001)
        elif not bound:
            bound = f"the load process {_how(code)}; see {self._run.folder.log}"
        kept = {name: value for name, value in result.items() if name not in ("state", "bound")}
        kept["rps"] = round(self._rate, 1)
        changes = {"load": self._figures()} if "sent" in result else {}
        self._run.end(state, bound, kept, **changes)

    def _figures(self) -> LoadFigures:
        told = self._last
        times = told["latency_ms"]
        return LoadFigures(
            sent=told["sent"], answered=told["answered"], failed=told["failed"],
            total=self._spec.number, users=self._spec.users, rps=round(self._rate, 1),
            p50=times["p50"], p95=times["p95"], p99=times["p99"], p999=times["p99.9"],
            dropped=told["dropped"], late=told["lateness_ms"]["p99"],
        )  # fmt: skip


def plan_of(run: str, spec: LoadSpec) -> Plan:
    """The plan of a load that is ready. Raises SpecError."""
    seed = 1 if spec.seed is None else spec.seed
    try:
        return check(
            Plan(
                url=spec.url, path=spec.path, rate=spec.rate or 0.0, seconds=spec.timeout,
                arrivals="poisson" if spec.open == "poisson" else "constant", seed=seed,
                scenario=spec.scenario, batch=spec.batch, timeout=spec.drain,
                most_waiting=spec.users, number=spec.number, run=run, anywhere=bool(spec.context),
            )
        )  # fmt: skip
    except PlanError as error:
        raise SpecError(error.message, error.fix) from None


def _written(folder: Path, spec: LoadSpec) -> Path:
    """The plan as a file, and the bodies where the spec has a file of records."""
    plan = plan_of(folder.name, spec)
    if spec.file is not None:
        records = read_records(Path(spec.file), codec_of(spec.scenario))
        if spec.seed is not None:
            Random(spec.seed).shuffle(records)
        bodies = list(bodies_of(records, spec.batch))
        write_private(folder / BODIES, b"\n".join(bodies), lasting=False)
        number = spec.number if spec.repeat else min(len(bodies), spec.number or len(bodies))
        plan = msgspec.structs.replace(plan, bodies=str(folder / BODIES), number=number)
    return write_private(folder / PLAN, msgspec.json.encode(plan), lasting=False)


def _rate(before: dict[str, Any], now: dict[str, Any]) -> float:
    """Answers per second between two results."""
    seconds = now["seconds"] - before.get("seconds", 0.0)
    answers = sum(now[name] - before.get(name, 0) for name in ("answered", "failed"))
    return answers / seconds if seconds > 0 else 0.0


def _how(code: int | None) -> str:
    if code is None:
        return "did not end in time and was killed"
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
