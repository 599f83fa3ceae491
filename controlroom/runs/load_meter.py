"""Counts what a load's own clients saw, second by second and phase by phase."""

from __future__ import annotations

import time

from controlroom.experiments.measures import Phase
from controlroom.runs.figures import Latency
from controlroom.runs.report import LoadProgress


class LoadMeter:
    """Takes progress lines as they come; each belongs to the phase in which it came, so the edges
    of a phase are exact to the time between two lines, a quarter of a second."""

    def __init__(self) -> None:
        self._phase = _Count("")
        self._good = self._bad = 0
        self._took = Latency()
        self.lines = 0

    def heard(self, line: LoadProgress) -> None:
        """One line of the load process."""
        self.lines += 1
        bad = sum(line.failures.values())
        self._phase.add(line.took, bad)
        self._good += len(line.took)
        self._bad += bad
        self._took.add(line.took)

    def begin(self, name: str) -> None:
        """Another phase begins."""
        self._phase = _Count(name)

    def phase(self) -> Phase:
        """The one that goes on, as far as it is."""
        return self._phase.told()

    def second(self) -> tuple[int, int, tuple[float | None, float | None, float | None]]:
        """Good and bad answers since the call before, and their p50, p95, p99 in ms."""
        seen = self._good, self._bad, self._took.percentiles()
        self._good = self._bad = 0
        self._took = Latency()
        return seen


class _Count:
    """One phase."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.monotonic()
        self._good = self._bad = 0
        self._took = Latency()

    def add(self, took: list[int], bad: int) -> None:
        self._good += len(took)
        self._bad += bad
        self._took.add(took)

    def told(self) -> Phase:
        p50, p95, p99 = self._took.percentiles()
        lasted = time.monotonic() - self._began
        p999 = self._took.at(99.9)
        return Phase(self._name, lasted, self._good, self._bad, p50, p95, p99, p999)
