"""Counts what a load's own clients saw, second by second and phase by phase."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.results import HISTOGRAM, read_seconds
from controlroom.experiments.measures import EVERY, Phase, Sample
from controlroom.runs.report import LoadProgress

Second = tuple[int, int, float | None, float | None, float | None]
"""Good and bad answers, and p50, p95, p99 in ms."""
NOTHING: Second = (0, 0, None, None, None)
NEAR = 0.75 * EVERY
"""Seconds from the end of a sample to that of the second that it is of, at most."""
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

    def settled(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples with what became known of their seconds only later."""
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

    def settled(self, samples: Sequence[Sample]) -> list[Sample]:
        """They are whole already."""
        return list(samples)


class OpenMeter:
    """Takes the seconds of an open load, each once all that was meant to start in it is over. A
    phase is made of the whole seconds within it, when the load has ended."""

    def __init__(self, folder: Path) -> None:
        """`folder`: what the load's process writes."""
        self._folder = folder
        self._lines: dict[int, Mapping[str, Any]] = {}
        self._name, self._since = "", 0.0
        self._edges: dict[str, tuple[float, float]] = {}

    @property
    def begun(self) -> bool:
        """Whether a second is over."""
        return bool(self._read())

    def _read(self) -> dict[int, Mapping[str, Any]]:
        self._lines = {line["t"]: line for line in read_seconds(self._folder)}
        return self._lines

    def begin(self, name: str) -> None:
        """Another phase begins."""
        self._name, self._since = name, time.time()

    def close(self) -> None:
        """It is over."""
        self._edges[self._name] = (self._since, time.time())

    def second(self) -> Second:
        """The newest second that is over; nothing where that is long ago."""
        newest = max(self._read(), default=0)
        late = time.time() - (newest + 1) > LATE
        return NOTHING if late else _told(self._lines.get(newest))

    def phases(self) -> dict[str, Phase]:
        """All that are over."""
        self._read()
        return {name: self._phase(name, *edges) for name, edges in self._edges.items()}

    def settled(self, samples: Sequence[Sample]) -> list[Sample]:
        """Each second that the load has told, once, with the rest of the sample next to it; those
        of which no sample was taken are left out."""
        self._read()
        ends = [one.at for one in samples]
        made = []
        for t, line in sorted(self._lines.items()):
            end = t + EVERY
            after = bisect_left(ends, end)
            near = {abs(one.at - end): one for one in samples[max(0, after - 1) : after + 1]}
            # the second in which the load was ended is no whole one
            if near and min(near) <= NEAR and end <= ends[-1]:
                good, bad, p50, p95, p99 = _told(line)
                one = near[min(near)]
                made.append(replace(one, at=end, good=good, bad=bad, p50=p50, p95=p95, p99=p99))
        return made

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
