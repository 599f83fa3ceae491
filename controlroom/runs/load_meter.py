"""Counts what a load's own clients saw, second by second and phase by phase."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.results import HISTOGRAM
from controlroom.experiments.measures import EVERY, Phase, Sample
from controlroom.runs.report import LoadProgress

Second = tuple[int, int, float | None, float | None, float | None]
"""Good and bad answers, and p50, p95, p99 in ms."""
NOTHING: Second = (0, 0, None, None, None)
LATE = 3.0
"""Seconds after which the newest second of an open load is no data any more."""


class Meter(Protocol):
    """What a block asks of its load."""

    def begin(self, name: str) -> None:
        """A phase begins."""
        ...

    def close(self) -> None:
        """The phase is over."""
        ...

    @property
    def begun(self) -> bool:
        """Whether the load has said anything yet."""
        ...

    def second(self) -> Second:
        """What is known of the last second."""
        ...

    def phases(self) -> dict[str, Phase]:
        """All that are over; exact once the load has ended."""
        ...

    def settled(self, sample: Sample) -> Sample:
        """The sample with what became known of its second only later."""
        ...


class ClosedMeter:
    """Takes progress lines as they come; each belongs to the phase in which it came, so the edges
    of a phase are exact to the time between two lines, a quarter of a second."""

    def __init__(self) -> None:
        self._phase = _Count("")
        self._second = _Count("")
        self._done: dict[str, Phase] = {}
        self.begun = False

    def heard(self, line: LoadProgress) -> None:
        """One line of the load process."""
        self.begun = True
        self._phase.add(line)
        self._second.add(line)

    def begin(self, name: str) -> None:
        """Another phase begins."""
        self._phase = _Count(name)

    def close(self) -> None:
        """It is over."""
        self._done[self._phase.name] = self._phase.told()

    def second(self) -> Second:
        """What came since the call before."""
        one, self._second = self._second, _Count("")
        p50, p95, p99 = one.took.percentiles(50, 95, 99)
        return one.good, one.bad, p50, p95, p99

    def phases(self) -> dict[str, Phase]:
        """All that are over."""
        return dict(self._done)

    def settled(self, sample: Sample) -> Sample:
        """It is whole already."""
        return sample


class OpenMeter:
    """Takes the seconds of an open load, each once all that was meant to start in it is over. A
    phase is made of the whole seconds within it, when the load has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[int, Mapping[str, Any]] = {}
        self._newest = 0
        self._name, self._since = "", 0.0
        self._edges: dict[str, tuple[float, float]] = {}

    @property
    def begun(self) -> bool:
        """Whether a second is over."""
        return bool(self._lines)

    def heard(self, line: Mapping[str, Any]) -> None:
        """One line of `seconds.jsonl`."""
        self._lines[line["t"]] = line
        self._newest = max(self._newest, line["t"])

    def begin(self, name: str) -> None:
        """Another phase begins."""
        self._name, self._since = name, time.time()

    def close(self) -> None:
        """It is over."""
        self._edges[self._name] = (self._since, time.time())

    def second(self) -> Second:
        """The newest second that is over; nothing where that is long ago."""
        late = time.time() - (self._newest + 1) > LATE
        return NOTHING if late else _told(self._lines.get(self._newest))

    def phases(self) -> dict[str, Phase]:
        """All that are over."""
        return {name: self._phase(name, *edges) for name, edges in self._edges.items()}

    def settled(self, sample: Sample) -> Sample:
        """With the second that the sample covers most of."""
        good, bad, p50, p95, p99 = _told(self._lines.get(round(sample.at - EVERY)))
        return replace(sample, good=good, bad=bad, p50=p50, p95=p95, p99=p99)

    def _phase(self, name: str, since: float, until: float) -> Phase:
        first, end = math.ceil(since), math.floor(until)
        told = [_told(line) for t, line in self._lines.items() if first <= t < end]
        good, bad = sum(one[0] for one in told), sum(one[1] for one in told)
        log = self._folder / HISTOGRAM
        took = Histogram.read(log, first, end) if told else Histogram()
        p50, p95, p99, p999 = took.percentiles(50, 95, 99, 99.9)
        seconds = float(max(0, end - first))
        return Phase(name, seconds, good, bad, p50, p95, p99, p999)


def _told(line: Mapping[str, Any] | None) -> Second:
    """An arrival that was dropped is as bad as a request that failed."""
    if line is None:
        return NOTHING
    bad = line["failed"] + line["dropped"]
    return line["answered"], bad, line["p50"], line["p95"], line["p99"]


class _Count:
    """One stretch of time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.good = self.bad = 0
        self.took = Histogram()
        self._began = time.monotonic()

    def add(self, line: LoadProgress) -> None:
        self.good += len(line.took)
        self.bad += sum(line.failures.values())
        for micros in line.took:
            self.took.add(micros)

    def told(self) -> Phase:
        p50, p95, p99, p999 = self.took.percentiles(50, 95, 99, 99.9)
        lasted = time.monotonic() - self._began
        return Phase(self.name, lasted, self.good, self.bad, p50, p95, p99, p999)
