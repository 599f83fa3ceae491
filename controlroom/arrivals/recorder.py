"""Counts what becomes of each arrival, by the second in which it was meant to start."""

from __future__ import annotations

import time
from typing import Any

from controlroom.arrivals.failures import bounded
from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.plan import Plan
from controlroom.arrivals.results import ResultFolder

ON_TIME = 2
"""Milliseconds after the intended start up to which a start is called on time."""
_COUNTS = ("intended", "sent", "answered", "failed", "dropped")


class Second:
    """The arrivals that were meant to start within one second."""

    __slots__ = ("answered", "dropped", "failed", "intended", "sent", "times")

    def __init__(self) -> None:
        self.intended = self.sent = self.answered = self.failed = self.dropped = 0
        self.times = Histogram()

    @property
    def over(self) -> bool:
        """Whether each of its requests has had its end."""
        return self.sent == self.answered + self.failed

    def counts(self) -> dict[str, int]:
        """All but the times."""
        return {name: getattr(self, name) for name in _COUNTS}

    def copy(self) -> Second:
        """As it is now."""
        one = Second()
        one.take(self)
        return one

    def take(self, other: Second) -> None:
        """Adds another one."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.times.merge(other.times)

    def line(self, t: int) -> dict[str, Any]:
        """As `seconds.jsonl` has it; latencies in ms."""
        p50, p95, p99 = self.times.percentiles(50, 95, 99)
        return {"t": t, **self.counts(), "p50": p50, "p95": p95, "p99": p99}


class Recorder:
    """All times that it is given are seconds since `begin`."""

    def __init__(self, plan: Plan, folder: ResultFolder) -> None:
        self._plan = plan
        self._folder = folder
        self._open: dict[int, Second] = {}
        self._whole = Second()
        """Of the seconds that are over; the writer's thread keeps it."""
        self._late = Histogram()
        self._drops: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._statuses: dict[str, int] = {}
        self._epoch = self._offset = self._cpu = 0.0
        self._first = 0

    def begin(self, began: float) -> None:
        """The clock starts; `began` is that moment on `time.perf_counter`."""
        self._epoch = time.time() - time.perf_counter() + began
        self._first = int(self._epoch)
        self._offset = self._epoch - self._first
        self._cpu = time.process_time()

    def started(self, due: float, now: float) -> None:
        """An arrival was sent."""
        second = self._second(due)
        second.intended += 1
        second.sent += 1
        self._late.add((now - due) * 1e6)

    def dropped(self, due: float, why: str) -> None:
        """An arrival could not be sent and never will be."""
        second = self._second(due)
        second.intended += 1
        second.dropped += 1
        self._drops[why] = self._drops.get(why, 0) + 1

    def answered(self, due: float, now: float, status: str) -> None:
        """A request was answered with success."""
        second = self._open[int(due + self._offset)]
        second.answered += 1
        second.times.add((now - due) * 1e6)
        self._statuses[status] = self._statuses.get(status, 0) + 1

    def failed(self, due: float, kind: str, status: str = "") -> None:
        """A request was answered otherwise, or not at all."""
        self._open[int(due + self._offset)].failed += 1
        kind = bounded(kind, self._failures)
        self._failures[kind] = self._failures.get(kind, 0) + 1
        if status:
            self._statuses[status] = self._statuses.get(status, 0) + 1

    def tell(
        self, now: float, most_waited: int, passed: float, state: str = "running", bound: str = ""
    ) -> None:
        """Has the seconds that are over and the totals written. Arrivals that are meant to start
        before `passed` are all known."""
        over = [
            at for at, one in self._open.items() if one.over and at < int(passed + self._offset)
        ]
        done = [(self._first + at, self._open.pop(at)) for at in sorted(over)]
        still_open = [one.copy() for one in self._open.values()]
        late = self._late.copy()
        told = {
            "state": state, "bound": bound, "error": "",
            "started": self._epoch, "seconds": round(now, 3), "most_waited": most_waited,
            "statuses": dict(self._statuses), "failures": dict(self._failures),
            "drops": dict(self._drops),
            "cpu": round((time.process_time() - self._cpu) / now, 3) if now > 0 else 0.0,
        }  # fmt: skip
        # percentiles of many buckets take milliseconds, in which no arrival would be on time
        self._folder.later(lambda: self._write(done, still_open, late, told))

    def end(self, now: float, most_waited: int, state: str, bound: str) -> None:
        """The last totals; each request has had its end."""
        self.tell(now, most_waited, max(now, self._plan.seconds) + 1.0, state, bound)

    def _write(
        self,
        done: list[tuple[int, Second]],
        still_open: list[Second],
        late: Histogram,
        told: dict[str, Any],
    ) -> None:
        """In the writer's thread."""
        for t, second in done:
            self._folder.second(second.line(t), second.times.line(t, 1.0))
            self._whole.take(second)
        whole = self._whole.copy()
        for one in still_open:
            whole.take(one)
        on_time = late.share_within(ON_TIME * 1000)
        self._folder.result(
            told
            | whole.counts()
            | {
                "events": whole.answered * self._plan.batch,
                "latency_ms": whole.times.summary(),
                "lateness_ms": late.summary(),
                "on_time_ms": ON_TIME,
                "on_time": None if on_time is None else round(on_time, 5),
            }
        )

    def _second(self, due: float) -> Second:
        at = int(due + self._offset)
        second = self._open.get(at)
        if second is None:
            second = self._open[at] = Second()
        return second


def failed_result(error: str) -> dict[str, Any]:
    """The result of a load that could not be sent at all."""
    return {"state": "failed", "bound": error, "error": error, "ended": time.time()}
