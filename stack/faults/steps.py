"""Steps of a Schedule or a Workflow: what they hold, how long they last, how they are done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from host.durations import format_duration
from stack.faults.cron import Cron
from stack.faults.model import Fault

Line = tuple[float, float, str, Fault | None]
"""Of the timetable: seconds from the beginning to start and end, name, fault; None for a pause."""


class Conductor(Protocol):
    """Who carries out what steps ask for."""

    async def hold(self, name: str, fault: Fault, lasts: float) -> None:
        """Injects a fault now, and has it taken back after so many seconds or when cancelled."""
        ...

    def note(self, sentence: str) -> None:
        """What an operator should know."""
        ...

    def keep(self, count: int) -> None:
        """How many finished firings of a schedule are told."""
        ...


class Step(ABC):
    """One step. Times in seconds."""

    name: str

    @property
    @abstractmethod
    def lasts(self) -> float:
        """How long it takes."""

    @abstractmethod
    def lines(self, at: float) -> Iterator[Line]:
        """The timetable, where it begins at `at`."""

    @abstractmethod
    async def carry_out(self, conductor: Conductor) -> None:
        """Returns when it is over; what was injected is taken back, also when cancelled."""


@dataclass(frozen=True)
class FaultStep(Step):
    """One fault. What is over at once is done, and the rest of the time is waited for."""

    name: str
    fault: Fault
    lasts: float = 0.0

    def lines(self, at: float) -> Iterator[Line]:
        """One."""
        yield at, at + self.lasts, self.name, self.fault

    async def carry_out(self, conductor: Conductor) -> None:
        """By the conductor."""
        await conductor.hold(self.name, self.fault, self.lasts)


@dataclass(frozen=True)
class Wait(Step):
    """Suspend: nothing is done."""

    name: str
    lasts: float = 0.0

    def lines(self, at: float) -> Iterator[Line]:
        """One without a fault."""
        yield at, at + self.lasts, self.name, None

    async def carry_out(self, conductor: Conductor) -> None:
        """Waits."""
        await asyncio.sleep(self.lasts)


@dataclass(frozen=True)
class Group(Step):
    """Children one after the other, or all at once; cut off at the deadline."""

    name: str
    children: tuple[Step, ...]
    at_once: bool
    deadline: float | None = None

    @property
    def lasts(self) -> float:
        """The sum or the longest, at most the deadline."""
        each = [child.lasts for child in self.children]
        own = max(each, default=0.0) if self.at_once else sum(each)
        return own if self.deadline is None else min(own, self.deadline)

    def lines(self, at: float) -> Iterator[Line]:
        """Those of the children that begin before the deadline."""
        end = at + self.lasts
        for child in self.children:
            for start, stop, name, fault in child.lines(at):
                if start < end:
                    yield start, min(stop, end), name, fault
            at = at if self.at_once else at + child.lasts

    async def carry_out(self, conductor: Conductor) -> None:
        """In their order."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.deadline):
                if self.at_once:
                    async with asyncio.TaskGroup() as tasks:
                        for child in self.children:
                            tasks.create_task(child.carry_out(conductor))
                else:
                    for child in self.children:
                        await child.carry_out(conductor)


@dataclass(frozen=True)
class Repeat(Step):
    """A schedule. `overlap` is Allow; else what is due while the one before is on is left out."""

    name: str
    when: str
    fault: Fault
    overlap: bool = False
    history: int = 1
    lasts: float = 0.0

    def moments(self, start: float) -> list[float]:
        """When it is due, seconds since the epoch."""
        return Cron(self.when).moments(start, self.lasts)

    def lines(self, at: float) -> Iterator[Line]:
        """One for each firing that is not left out, if it began now."""
        now, free = time.time(), 0.0
        for moment in self.moments(now):
            start = at + moment - now
            if self.overlap or start >= free:
                free = start + (self.fault.duration or 0.0)
                yield start, min(free, at + self.lasts), self.name, self.fault

    async def carry_out(self, conductor: Conductor) -> None:
        """Fires when it is due, until its end."""
        conductor.keep(self.history)
        began = time.time()
        on: set[asyncio.Task[None]] = set()
        try:
            for moment in self.moments(began):
                await asyncio.sleep(max(0.0, moment - time.time()))
                on = {task for task in on if not task.done()}
                if on and not self.overlap:
                    conductor.note(f"{self.name}: left out, the one before is still on (Forbid)")
                    continue
                work = conductor.hold(self.name, self.fault, self.fault.duration or 0.0)
                on.add(asyncio.ensure_future(work))
            await asyncio.sleep(max(0.0, began + self.lasts - time.time()))
        finally:
            for task in on:
                task.cancel()
            if on:
                await asyncio.wait(on)


def ending(step: Step, lasts: float) -> Step:
    """The same step, over after so many seconds."""
    if isinstance(step, Repeat):
        return replace(step, lasts=lasts)
    return Group(step.name, (step,), at_once=False, deadline=lasts)


def timetable(step: Step) -> Sequence[Line]:
    """All of it, from its beginning."""
    return sorted(step.lines(0.0), key=lambda line: line[0])


def span(line: Line) -> str:
    """`5s to 15s`, or `at 5s`."""
    start, stop = (format_duration(round(one, 1)) for one in line[:2])
    return f"{start} to {stop}" if stop != start else f"at {start}"
