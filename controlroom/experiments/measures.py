"""What is measured: names, words, which is better; one second of it, and one phase."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from controlroom.experiments.services import together

Compared = Literal[
    "success", "throughput", "p50", "p95", "p99", "p999", "queue_p95", "cpu", "memory"
]  # fmt: skip
"""What arms can be compared by: the load's own count of each phase, without loss of precision; the
time from produced to stored; what all services together took."""
Measured = Literal[
    "success", "throughput", "p50", "p95", "p99", "lag", "missing", "lost", "doubled",
    "golden_success", "golden_rps", "golden_p95",
]  # fmt: skip
"""What conditions can ask for; each second has it."""
COMPARED: tuple[Compared, ...] = get_args(Compared)
MORE_IS_BETTER = frozenset({"success", "throughput"})
WORDS = {
    "success": "success rate",
    "throughput": "throughput",
    "p50": "p50",
    "p95": "p95",
    "p99": "p99",
    "p999": "p99.9",
    "queue_p95": "queue time p95",
    "cpu": "CPU",
    "memory": "memory",
}
BETTER = {"success": "better", "cpu": "cheaper", "memory": "cheaper"}
"""What the winner of a measure is called, where that is not `faster`."""
EVERY = 1.0
"""Seconds between two samples: the resolution of guards and clocks."""
GOLDEN_WINDOW = 5
"""Seconds that a golden metric of a sample covers."""
AGE = 4.0
"""Seconds after which a figure of the stores or of Prometheus is no data any more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One second. None is "no data", which is not zero. Times are seconds since the epoch,
    latencies ms."""

    at: float
    """Its end."""
    phase: str
    good: int
    """Requests answered with success in it, by the load's own count."""
    bad: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    lag: int | None = None
    missing: int | None = None
    """Pods and engines that should be ready and are not."""
    lost: int | None = None
    doubled: int | None = None
    """Events that the books miss or have twice, since before the block."""
    golden_success: float | None = None
    golden_rps: float | None = None
    golden_p95: float | None = None

    @property
    def success(self) -> float | None:
        """Share of the answers; None where there was none."""
        done = self.good + self.bad
        return self.good / done if done else None

    @property
    def throughput(self) -> float:
        """Good answers in a second."""
        return self.good / EVERY

    def value(self, measure: str) -> float | None:
        """The figure of that name."""
        found: float | None = getattr(self, measure)
        return found


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of one block, as its line in `blocks.jsonl` has it."""

    name: str
    seconds: float
    good: int
    bad: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    lag_peak: int | None = None
    golden: dict[str, float | None] = field(default_factory=dict)
    """What Prometheus says of the same time; empty where the phase is shorter than its window."""
    services: dict[str, dict[str, float]] = field(default_factory=dict)
    """Service -> `cpu`, the mean in cores, and `memory`, the highest in MiB, where known."""
    queue_time: dict[str, float] = field(default_factory=dict)
    """`p50`, `p95`, `p99` of the time from produced to stored, ms, of `events` that were produced
    in it; empty where that is not known."""

    @property
    def success(self) -> float | None:
        """Share of the answers; None where there was none."""
        done = self.good + self.bad
        return self.good / done if done else None

    @property
    def throughput(self) -> float | None:
        """Good answers per second."""
        return self.good / self.seconds if self.seconds > 0 else None

    def value(self, measure: str) -> float | None:
        """The figure of that name."""
        found: float | None = getattr(self, measure)
        return found

    def told(self) -> dict[str, Any]:
        """For a file."""
        names = ("p50", "p95", "p99", "p999", "lag_peak", "golden", "services", "queue_time")
        rest = {name: getattr(self, name) for name in names}
        return {
            "phase": self.name, "seconds": round(self.seconds, 2), "good": self.good,
            "bad": self.bad, "success": self.success,
            "throughput": None if self.throughput is None else round(self.throughput, 2),
            "queue_p95": self.queue_time.get("p95"), "cpu": together(self.services, "cpu"),
            "memory": together(self.services, "memory"), **rest,
        }  # fmt: skip
