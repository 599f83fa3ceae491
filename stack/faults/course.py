"""Faults of a Schedule or a Workflow on the local stack: one lease that holds many."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from host.durations import format_duration
from host.errors import StackError
from stack.faults.model import Fault, FaultAct, Ground, Injection, Victim
from stack.faults.preview import Preview
from stack.faults.steps import Line, Step, span, timetable

SHOWN = 3
"""Firings of one schedule that a preview has."""
_ATTEMPTS = 5
_RETRY = 0.3


@dataclass(frozen=True)
class Course(FaultAct):
    """What a Schedule or a Workflow asks for: the step that holds all others."""

    action: str
    root: Step

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Whom a step hits is drawn when it begins."""
        return Conducting(self, key, ground)

    def foretell(self, ground: Ground) -> Preview:
        """Every step, as it would be now. Raises StackError where one cannot be done."""
        lines = timetable(self.root)
        seen = {id(fault): ground.preview(fault) for *_, fault in lines if fault is not None}
        if not seen:
            raise StackError(
                f"Nothing would be injected within {format_duration(self.root.lasts)}.",
                "Give a longer --duration, or another spec.schedule.",
                "refused",
            )
        looks = list(seen.values())
        names = dict.fromkeys(name for one in looks for name in one.hits)
        told = [_said(line, None if line[3] is None else seen[id(line[3])]) for line in _few(lines)]
        left = len(lines) - len(told)
        more = [f"... and {left} more of these"] if left else []
        remarks = dict.fromkeys(remark for one in looks for remark in one.remarks)
        return Preview(
            matched=len(names),
            hits=tuple(names),
            hit_count=min(len(names), sum(one.hit_count for one in looks)),
            stays=min(one.stays for one in looks),
            effect=f"{len(lines)} step{'s' if len(lines) != 1 else ''}; whom each hits is drawn "
            "when it begins.",
            ends=f"It ends by itself after {format_duration(round(self.root.lasts, 1))}.",
            remarks=(*told, *more, *remarks),
        )


def _few(lines: Sequence[Line]) -> list[Line]:
    """Without all but the first firings of a schedule."""
    count: Counter[int] = Counter()
    shown = []
    for line in lines:
        count[id(line[3])] += 1
        if line[3] is None or count[id(line[3])] <= SHOWN:
            shown.append(line)
    return shown


def _said(line: Line, look: Preview | None) -> str:
    if look is None:
        return f"{span(line)}  {line[2]}: nothing is injected."
    names = ", ".join(look.hits)
    return f"{span(line)}  {line[2]}: {look.effect} ({look.hit_count} of {names})"


class Conducting(Injection):
    """Carries the steps out, one task for all of them."""

    every = 0.2

    def __init__(self, course: Course, key: str, ground: Ground) -> None:
        self._course = course
        self._key = key
        self._ground = ground
        self._task: asyncio.Task[None] | None = None
        self._on: dict[str, tuple[Injection, tuple[str, ...]]] = {}
        self._done: deque[tuple[str, ...]] = deque(maxlen=100)
        self._count = 0
        self._notes: list[str] = []

    def effect(self, amount: str) -> str:
        """Told by `foretell` instead."""
        return ""

    @property
    def over(self) -> bool:
        """Whether the last step is done."""
        return self._task is not None and self._task.done()

    @property
    def hits(self) -> tuple[str, ...]:
        """Those that were hit, as far as they are kept."""
        now = [names for _, names in self._on.values()]
        return tuple(dict.fromkeys(name for names in (*self._done, *now) for name in names))

    @property
    def message(self) -> str:
        """What went otherwise than it was foretold."""
        return "; ".join(self._notes[-3:])

    async def inject(self) -> None:
        """Begins."""
        self._task = asyncio.ensure_future(self._course.root.carry_out(self))

    async def recover(self) -> None:
        """Ends what is on. Raises StackError where something of it is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            failed = None if self._task.cancelled() else self._task.exception()
            if failed is not None:
                self.note(f"ended by {type(failed).__name__}: {failed}")
        for key, (injection, _) in list(self._on.items()):
            await injection.recover()
            del self._on[key]

    def keep(self, count: int) -> None:
        """How many of those that are over are told."""
        self._done = deque(self._done, maxlen=count)

    def note(self, sentence: str) -> None:
        """One more for the message."""
        self._notes.append(sentence)

    async def hold(self, name: str, fault: Fault, lasts: float) -> None:
        """Draws and injects now; a step that cannot be done is told, and its time waited for."""
        self._count += 1
        key, end = f"{self._key}-{self._count}", time.monotonic() + lasts
        try:
            plan = self._ground.draw(fault, key)
        except StackError as error:
            self.note(f"{name}: {error.message}")
            await asyncio.sleep(lasts)
            return
        self._on[key] = plan.injection, tuple(victim.name for victim in plan.victims)
        try:
            await plan.injection.inject()
            await self._wait(plan.injection, end)
        except StackError as error:
            self.note(f"{name}: {error.message}")
            await asyncio.sleep(max(0.0, end - time.monotonic()))
        finally:
            await self._take_back(key)

    async def _wait(self, injection: Injection, end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(left if injection.every is None else min(left, injection.every))
            if injection.every is not None:
                with contextlib.suppress(StackError, OSError):
                    await injection.again()

    async def _take_back(self, key: str) -> None:
        """What cannot be taken back stays for `recover`, which is asked again."""
        injection, names = self._on[key]
        for _ in range(_ATTEMPTS):
            try:
                await injection.recover()
            except StackError as error:
                self.note(error.message)
                await asyncio.sleep(_RETRY)
            else:
                del self._on[key]
                self._done.append(names)
                return
