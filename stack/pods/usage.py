"""CPU and memory of processes, measured once a second."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
PERIOD = 1.0
WINDOW = 15.0
"""Seconds over which the autoscaler's figure is an average, as metrics-server does it."""


@dataclass(slots=True)
class _Track:
    born: str
    """Start time of the process, which distinguishes it from a later one with its id."""
    points: deque[tuple[float, float]] = field(default_factory=deque)
    """Moment and CPU seconds used until then."""
    memory: int = 0


class Usage:
    """Figures by process id."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}

    def sample(self, pids: Iterable[int]) -> None:
        """Measures these processes and forgets all others."""
        self._tracks = {pid: track for pid in pids if (track := self._measured(pid))}

    def cpu(self, pids: Iterable[int]) -> float | None:
        """Cores used in the last second, all processes together; None before two measures."""
        return self._cores(pids, PERIOD * 1.5)

    def average_cpu(self, pids: Iterable[int]) -> float | None:
        """Cores used over the WINDOW, as far back as it is known."""
        return self._cores(pids, WINDOW)

    def memory(self, pids: Iterable[int]) -> int | None:
        """Resident bytes, all processes together."""
        found = [self._tracks[pid].memory for pid in pids if pid in self._tracks]
        return sum(found) if found else None

    def _cores(self, pids: Iterable[int], window: float) -> float | None:
        found = [
            rate
            for pid in pids
            if pid in self._tracks and (rate := _rate(self._tracks[pid].points, window)) is not None
        ]
        return sum(found) if found else None

    def _measured(self, pid: int) -> _Track | None:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                # the name in brackets may hold anything; see proc(5) for the fields behind it
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        born = fields[19].decode()
        track = self._tracks.get(pid)
        if track is None or track.born != born:
            track = _Track(born)
        track.memory = int(fields[21]) * _PAGE
        now = time.monotonic()
        track.points.append((now, (int(fields[11]) + int(fields[12])) / _TICKS))
        while now - track.points[0][0] > WINDOW + PERIOD:
            track.points.popleft()
        return track


def _rate(points: deque[tuple[float, float]], window: float) -> float | None:
    """Since the first measure of the window; on a busy machine measures come late, and then since
    the one before the last."""
    *earlier, (last_at, last_used) = points
    inside = [(at, used) for at, used in earlier if last_at - at <= window]
    for at, used in inside or earlier[-1:]:
        if last_at > at:
            return max(0.0, (last_used - used) / (last_at - at))
    return None
