"""The figures of a load run, gathered from its progress lines."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from controlroom.arrivals.histogram import Histogram
from controlroom.model.run import LoadFigures
from controlroom.runs.report import LoadProgress

RATE_SECONDS = 2.0


@dataclass(slots=True)
class Gathered:
    """Sums over all progress lines so far."""

    users: int = 0
    total: int | None = None
    elapsed: float = 0.0
    sent: int = 0
    answered: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    bound: str = ""
    error: str = ""
    took: Histogram = field(default_factory=Histogram)
    late: Histogram = field(default_factory=Histogram)
    _recent: deque[tuple[float, int]] = field(default_factory=lambda: deque([(0.0, 0)]))

    @property
    def failed(self) -> int:
        """Requests that were not answered with success."""
        return sum(self.failures.values())

    @property
    def done(self) -> int:
        """Requests that are over."""
        return self.answered + self.failed

    def add(self, new: LoadProgress) -> None:
        """Takes in one line."""
        self.elapsed, self.sent, self.users, self.total = (
            new.elapsed, new.sent, new.users, new.total,
        )  # fmt: skip
        self.answered += len(new.took)
        self.bound, self.error = new.bound, new.error
        for kind, count in new.failures.items():
            self.failures[kind] = self.failures.get(kind, 0) + count
        for histogram, times in ((self.took, new.took), (self.late, new.late)):
            for micros in times:
                histogram.add(micros)
        self._recent.append((self.elapsed, self.done))
        while len(self._recent) > 2 and self._recent[1][0] < self.elapsed - RATE_SECONDS:
            self._recent.popleft()

    def rate_now(self) -> float:
        """Requests per second over the last two seconds."""
        (before, then), (now, count) = self._recent[0], self._recent[-1]
        return (count - then) / (now - before) if now > before else 0.0

    def rate_overall(self) -> float:
        """Requests per second over the whole run."""
        return self.done / self.elapsed if self.elapsed > 0 else 0.0

    def figures(self, over: bool = False) -> LoadFigures:
        """What the run strip shows."""
        p50, p95, p99 = self.took.percentiles(50, 95, 99)
        rate = self.rate_overall() if over else self.rate_now()
        return LoadFigures(
            sent=self.sent,
            answered=self.answered,
            failed=self.failed,
            total=self.total,
            users=self.users,
            rps=round(rate, 1),
            p50=p50,
            p95=p95,
            p99=p99,
        )

    def result(self) -> dict[str, Any]:
        """What the result file keeps. Latencies in ms, times in seconds."""
        paced = self.late.summary()
        return {
            "sent": self.sent,
            "answered": self.answered,
            "failed": self.failed,
            "failures": dict(sorted(self.failures.items(), key=lambda item: -item[1])),
            "seconds": round(self.elapsed, 3),
            "rps": round(self.rate_overall(), 1),
            "latency_ms": self.took.summary(),
            "latency_from_schedule_ms": paced if paced["p50"] is not None else None,
        }
