"""Conducts a load run that Jobs of a cluster send: follows what they tell, ends them in time."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

from controlroom.runs.account import LoadAccount
from controlroom.runs.folder import told
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import LoadSpec
from controlroom.targets.abilities import RECORDS, LoadRequest, SendsLoad, TargetError
from wire.ending import end

POLL = 0.2
START_TIME = 90.0
"""Seconds that its pods may take to start and to find each other."""
GRACE = 10.0
"""Seconds after the drain in which the last word must have come."""
AGAIN = 1.0


class ClusterLoadRun:
    """One load run in a cluster. The Jobs have an end of their own, if this one dies."""

    def __init__(self, run: RunWriter, spec: LoadSpec, target: SendsLoad) -> None:
        self._run = run
        self._spec = spec
        self._target = target
        self._account = LoadAccount(run, spec)
        self._longest = START_TIME + spec.timeout + spec.drain + GRACE
        self._stopped = False
        self._heard: float | None = None
        """When the last line came; None reads from the beginning."""

    async def run(self) -> None:
        """From the first Job to the last word."""
        try:
            load = await self._target.start_load(self._wish())
        except TargetError as error:
            self._account.end(f"{error} {error.fix}".strip())
            return
        self._run.note("jobs started", load=load, workers=self._spec.workers)
        following = asyncio.create_task(self._follow(load))
        try:
            await self._watch(load, following)
        finally:
            await end([following])
        await self._end(load, following)

    def _wish(self) -> LoadRequest:
        spec, records = self._spec, b""
        if spec.file is not None:
            records = Path(spec.file).read_bytes()
            spec = replace(spec, file=RECORDS)
        return LoadRequest(
            run=self._run.folder.id,
            spec=json.dumps(told(spec)),
            records=records,
            workers=self._spec.workers,
            seconds=self._longest,
        )

    async def _follow(self, load: str) -> str:
        """Until the last word; answers why there is none where the load is over without one."""
        while True:
            try:
                # asked before: what is read after the end is all that there is
                over = await self._over(load)
                whole = await self._read(load)
                if self._account.final:
                    return ""
                if over and whole:
                    return f"the Jobs are over without a last word: {over}"
            except TargetError as error:
                self._run.note("target is away", error=str(error))
            await asyncio.sleep(AGAIN)

    async def _over(self, load: str) -> str:
        """Why the Jobs send no more; empty while they do."""
        held = {one.id: one for one in await self._target.loads()}
        if load not in held:
            return "they were deleted"
        return "" if held[load].active else held[load].message or "no reason is given"

    async def _read(self, load: str) -> bool:
        """Until the last word, or the connection's end. False where lines were missing: then all
        is read again, and what is known is passed over."""
        async for line in self._target.load_lines(load, self._heard):
            if not self._account.take(line, earlier=self._heard is not None):
                self._heard = None
                return False
            self._heard = time.monotonic()
            if self._account.final:
                break
        return True

    async def _watch(self, load: str, following: asyncio.Task[str]) -> None:
        """Until it is over, or has to be ended."""
        limit = time.monotonic() + self._longest
        drained = False
        while not following.done() and time.monotonic() < limit:
            await asyncio.wait({following}, timeout=POLL)
            if self._run.cut_asked:
                self._stopped = True
                return
            if self._run.stop_asked and not drained:
                self._stopped = drained = await self._drain(load)
                limit = min(limit, time.monotonic() + self._spec.drain + GRACE)

    async def _drain(self, load: str) -> bool:
        self._run.note("drain")
        try:
            await self._target.drain_load(load)
        except TargetError as error:
            self._run.note("target is away", error=str(error))
            return False
        return True

    async def _end(self, load: str, following: asyncio.Task[str]) -> None:
        """What has not ended by itself is ended; nothing is called over that is not."""
        why = "the Jobs did not end in time and were deleted"
        if following.done() and not following.cancelled():
            error = following.exception()
            why = f"{type(error).__name__}: {error}" if error else following.result()
        if not self._account.final:
            try:
                await self._target.end_load(load)
            except TargetError as error:
                why = f"the Jobs may still send, until their own end: {error}"
            else:
                if self._stopped:
                    self._account.cut()
        self._account.end(why)
