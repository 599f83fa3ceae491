"""Seconds of a closed load, kept as those of an open one are: by the moment of the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from controlroom.arrivals.histogram import HEAD, Histogram
from controlroom.arrivals.results import HISTOGRAM, SECONDS
from controlroom.runs.report import LoadProgress


class SecondsKept:
    """Two files that are whole after each line. Exact to the time between two lines of the load's
    process, a quarter of a second. What the disk does not take is left out; the load goes on."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._second = 0
        self._good = self._bad = 0
        self._took = Histogram()

    def take(self, line: LoadProgress) -> None:
        """What came since the line before."""
        second = int(self._clock())
        if second != self._second:
            self.close()
            self._second = second
        self._good += len(line.took)
        self._bad += sum(line.failures.values())
        for micros in line.took:
            self._took.add(micros)

    def close(self) -> None:
        """The second under way is over."""
        if self._second:
            p50, p95, p99 = self._took.percentiles(50, 95, 99)
            line = {
                "t": self._second, "answered": self._good, "failed": self._bad,
                "p50": p50, "p95": p95, "p99": p99,
            }  # fmt: skip
            if not (self._folder / HISTOGRAM).exists():
                self._append(HISTOGRAM, HEAD)
            self._append(HISTOGRAM, self._took.line(self._second, 1.0))
            self._append(SECONDS, json.dumps(line) + "\n")
        self._good = self._bad = 0
        self._took = Histogram()

    def _append(self, name: str, text: str) -> None:
        try:
            with (self._folder / name).open("a") as file:
                file.write(text)
        except OSError as error:
            print(f"{self._folder / name} cannot be written: {error}", flush=True)
