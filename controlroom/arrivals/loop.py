"""The loop: each arrival at its moment, whatever has become of those before."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import time
from math import inf

from controlroom.arrivals.door import Clock, Door
from controlroom.arrivals.http_door import HttpDoor
from controlroom.arrivals.plan import Plan, PlanError
from controlroom.arrivals.recorder import Recorder
from controlroom.arrivals.results import ResultFolder
from controlroom.arrivals.schedule import intended

HEAD_START = 0.02
"""Seconds between the preparations and the first arrival."""
TICK = 0.05
BURST = 16
"""Arrivals that are started before answers are read again."""
FULL = "most_waiting requests waited"
LATE = "the generator was too slow"
SWITCH = 0.0001
"""Seconds after which another thread hands the interpreter over, instead of 0.005."""
_PR_SET_TIMERSLACK = 29


class OpenLoad:
    """One load, from its first arrival to its last answer."""

    def __init__(self, plan: Plan, folder: ResultFolder) -> None:
        """Reads what is to be sent. Raises PlanError."""
        self._plan = plan
        self._began = 0.0
        self._stops = 0
        self._most_waited = 0
        self._next_tick = self._next_word = 0.0
        self._recorder = Recorder(plan, folder)
        self._door = _door(plan, self._recorder, self.now)

    def now(self) -> float:
        """Seconds since the first arrival was meant to start at the earliest."""
        return time.perf_counter() - self._began

    def stop(self, *_: object) -> None:
        """No more arrivals; a second time: no waiting for answers either."""
        self._stops += 1

    def run(self) -> None:
        """All of it. Raises PlanError where nothing answers."""
        if not self._plan.native:
            _allow_files(self._plan.most_waiting)
        self._door.connect()
        self._began = time.perf_counter() + HEAD_START
        self._recorder.begin(self._began)
        ended_by = self._arrive()
        while self._door.waiting and self._stops < 2:
            self._door.poll(TICK)
            self._tick(self.now(), inf)
        self._door.close()
        stopped = ended_by == "stopped"
        state = "stopped" if stopped else "finished"
        self._recorder.end(self.now(), self._most_waited, state, ended_by)

    def _arrive(self) -> str:
        """Until the schedule is over; answers what ended it."""
        plan, door, recorder, now = self._plan, self._door, self._recorder, self.now
        number = arrived = burst = 0
        schedule = intended(plan)
        due = next(schedule, inf)
        while due < inf and not self._stops:
            at = now()
            if due > at or burst == BURST:
                burst = 0
                door.poll(min(due - at, TICK))
                if at >= self._next_tick:
                    self._tick(at, due)
                continue
            burst += 1
            arrived += 1
            if at - due > plan.timeout:
                recorder.dropped(due, LATE)
            elif door.waiting >= plan.most_waiting:
                recorder.dropped(due, FULL)
            else:
                number += 1
                recorder.started(due, at)
                door.start(due, number)
                if door.waiting > self._most_waited:
                    self._most_waited = door.waiting
            due = next(schedule, inf)
        if self._stops:
            return "stopped"
        return "number" if arrived == plan.number else "timeout"

    def _tick(self, at: float, due: float) -> None:
        self._next_tick = at + TICK
        self._door.expire(at)
        if at >= self._next_word:
            self._next_word = at + 1.0
            self._recorder.tell(at, self._most_waited, min(at, due))


def _door(plan: Plan, recorder: Recorder, clock: Clock) -> Door:
    if plan.native:
        # imported here: it takes as long as all the rest
        from controlroom.arrivals.grpc_door import GrpcDoor

        return GrpcDoor(plan, recorder, clock)
    return HttpDoor(plan, recorder, clock)


def be_precise() -> None:
    """No pause for garbage, of which the loop makes none, timers without the kernel's slack, and
    other threads that hand the interpreter over at once."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH)
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1000, 0, 0, 0)


def _allow_files(connections: int) -> None:
    """Each request that waits has a connection. Raises PlanError where too few are allowed."""
    wanted = connections + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted <= hard or hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    elif soft < wanted:
        raise PlanError(
            f"most_waiting {connections} needs {wanted} open files, and {hard} are allowed.",
            f"Give at most {hard - 64}, or raise the limit (ulimit -n).",
        )
