"""Conducts a chaos run: injects, counts down, recovers, and verifies that nothing is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any, TypeVar

from controlroom.model.run import ChaosFigures, RunState
from controlroom.runs.manifest import stamped
from controlroom.runs.recovery import Recovery, RecoveryWatch
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec
from controlroom.targets.abilities import (
    FaultStatus,
    InjectsFaults,
    Refused,
    TargetError,
)

T = TypeVar("T")

POLL = 0.25
OVERDUE = 3.0
"""Seconds after its end in which the target must have recovered by itself."""
ONE_SHOT_TIME = 60.0
"""Seconds after which a fault that should be over at once is recovered."""
VERIFY_TIME = 20.0
"""Seconds that the target gets to answer that nothing is left."""
BACK_TIME = 60.0
"""Seconds after its removal in which the pipeline gets back to where it was."""
NOT_BACK = f"fault over, but not everything is back after {BACK_TIME:g} s"
MAY_BE_LEFT = "may still be injected"


class FaultRun:
    """One chaos run. The target ends the fault by itself; this one verifies that it did."""

    def __init__(
        self,
        run: RunWriter,
        spec: ChaosSpec,
        target: InjectsFaults,
        watch: RecoveryWatch | None = None,
    ) -> None:
        self._run = run
        self._spec = spec
        self._target = target
        self._watch = watch
        self._recovery: Recovery | None = None
        self._status: FaultStatus | None = None
        self._stopped = False
        self._trouble = ""

    async def run(self) -> None:
        """From the injection to the proof that it is over and that the pipeline is back."""
        if self._watch is not None:
            await self._unless_stopped(self._remember(self._watch))
        if self._run.stop_asked:
            self._end("stopped", "stopped", clean=True)
            return
        if not await self._inject():
            return
        await self._count_down()
        await self._verify()

    async def _remember(self, watch: RecoveryWatch) -> None:
        await watch.remember()
        # an experiment counts for each of its blocks
        if not self._run.folder.owner:
            await watch.count_before()

    async def _inject(self) -> bool:
        run = self._run.folder.id
        try:
            status = await self._target.inject(stamped(self._spec, run), run)
        except Refused as error:
            self._end("failed", _said(error), clean=True)
            return False
        except TargetError as error:
            # the fault may be active although the answer was lost
            self._run.note("inject failed", error=_said(error))
            self._trouble = _said(error)
            await self._verify()
            return False
        self._run.note("injected", **asdict(status))
        self._run.update(started=status.injected or time.time())
        self._see(status, "running")
        return True

    async def _count_down(self) -> None:
        limit = time.time() + (self._spec.duration or ONE_SHOT_TIME) + OVERDUE
        while time.time() < limit:
            if self._run.stop_asked:
                self._stopped = True
                self._run.note("stop asked")
                return
            try:
                status = await self._look()
            except TargetError as error:
                self._run.note("target is away", error=_said(error))
            else:
                if status is None or status.phase == "finished":
                    return
                if status.ends is not None:
                    limit = status.ends + OVERDUE
                self._see(status, "running")
            await asyncio.sleep(POLL)
        self._run.note("overdue")

    async def _verify(self) -> None:
        self._run.update(state="stopping", chaos=self._figures("deleting", False))
        limit = time.monotonic() + VERIFY_TIME
        reason = "the target says that it is"
        while time.monotonic() < limit:
            try:
                left = await self._unfinished()
                if not left:
                    await self._come_back()
                    self._over()
                    return
                for one in left:
                    await self._target.recover(one.id)
            except TargetError as error:
                reason = _said(error)
                self._run.note("not verified", error=reason)
            await asyncio.sleep(POLL)
        self._end("failed", f"{MAY_BE_LEFT}: {reason}", clean=False)

    async def _come_back(self) -> None:
        """Waits until pods are ready and the lag is what it was, and keeps how long that took."""
        watch = self._watch
        if watch is None or not watch.sees or self._status is None or self._run.stop_asked:
            return
        removed = self._status.recovered or time.time()
        self._run.update(chaos=self._figures("finished", True))
        limit = time.monotonic() + BACK_TIME
        while True:
            look = await self._unless_stopped(watch.back())
            if look is None:
                return
            back, seen = look
            if back or time.monotonic() > limit:
                break
            await asyncio.sleep(POLL)
        told = watch.told(seen, back, self._status.injected, removed)
        self._recovery = await self._unless_stopped(watch.counted_after(told)) or told

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The answer; None, and the work is cancelled, where the run is asked to stop."""
        task = asyncio.ensure_future(work)
        while not task.done():
            if self._run.stop_asked:
                task.cancel()
                await asyncio.wait({task})
                return None
            await asyncio.wait({task}, timeout=POLL)
        return task.result()

    def _over(self) -> None:
        if self._trouble:
            self._end("failed", self._trouble, clean=True)
        elif self._stopped:
            self._end("stopped", "stopped", clean=True)
        else:
            late = self._recovery is not None and not self._recovery.back
            self._end("finished", NOT_BACK if late else "fault over", clean=True)

    async def _unfinished(self) -> list[FaultStatus]:
        mine = [one for one in await self._target.faults() if one.run == self._run.folder.id]
        for one in mine:
            # a schedule or a workflow has objects of its own; the run is of what holds them
            if self._status is None or one.id == self._status.id:
                self._status = one
        return [one for one in mine if one.phase != "finished"]

    async def _look(self) -> FaultStatus | None:
        assert self._status is not None
        wanted = self._status.id
        return next((one for one in await self._target.faults() if one.id == wanted), None)

    def _see(self, status: FaultStatus, state: RunState) -> None:
        self._status = status
        figures = self._figures(status.phase, False)
        seen = self._seen(status)
        self._run.update(state=state, ends_at=status.ends, chaos=figures, **seen)

    def _seen(self, status: FaultStatus) -> dict[str, Any]:
        """More that readers see of it; for kinds that count something."""
        return {}

    def _more(self) -> dict[str, Any]:
        """More that the result keeps."""
        return {}

    def _figures(self, phase: Any, recovered: bool) -> ChaosFigures:
        targets = self._status.targets if self._status is not None else ()
        return ChaosFigures(self._spec.kind, self._spec.action, targets, phase, recovered)

    def _end(self, state: RunState, bound: str, clean: bool) -> None:
        fault = asdict(self._status) if self._status is not None else None
        figures = self._figures("finished" if clean else "deleting", clean)
        back = self._recovery.to_json() if self._recovery is not None else None
        result = {"clean": clean, "fault": fault, "recovery": back, **self._more()}
        seen = self._seen(self._status) if self._status is not None else {}
        self._run.end(state, bound, result, chaos=figures, **seen)


def _said(error: TargetError) -> str:
    return f"{error} {error.fix}".strip()
