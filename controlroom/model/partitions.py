"""Partitions of a queue: how far each has come, who has it, and when it will be drained."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition. Offsets are None where the queue tells only what waits."""

    queue: str
    number: int
    lag: int
    begin: int | None = None
    """Oldest offset that is still there."""
    end: int | None = None
    """Offset that the next record will get."""
    committed: int | None = None
    """Offset that the group reads next."""
    member: str = ""
    """Pod that has it; empty where nobody has, or where that is not told."""


@dataclass(frozen=True, slots=True)
class Partitions:
    """All partitions of all queues of a scenario at one moment."""

    topic: str
    group: str
    rows: tuple[Partition, ...]
    members: Mapping[str, int]
    """Pod -> how many partitions it has; one without any waits."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a partition moves. Records per second; None while that is not known."""

    comes: float | None = None
    goes: float | None = None
    grows: float | None = None
    """By how much its lag grows; below 0 it shrinks."""

    def drained_in(self, lag: int) -> float | None:
        """Seconds; None where it is not getting less."""
        return lag / -self.grows if lag and self.grows is not None and self.grows < 0 else None


class Paces:
    """Paces over the last seconds, from readings one after the other."""

    def __init__(self, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._seen: dict[tuple[str, int], deque[tuple[float, Partition]]] = {}

    def note(self, at: float, rows: Iterable[Partition]) -> None:
        """Takes a reading of that moment, in seconds."""
        for row in rows:
            seen = self._seen.setdefault((row.queue, row.number), deque())
            seen.append((at, row))
            while len(seen) > 2 and seen[0][0] < at - self._seconds:
                seen.popleft()

    def of(self, row: Partition) -> Pace:
        """Of one partition."""
        seen = self._seen.get((row.queue, row.number))
        if seen is None or len(seen) < 2 or seen[-1][0] <= seen[0][0]:
            return Pace()
        (begun, first), (now, last) = seen[0], seen[-1]
        passed = now - begun

        def rate(before: int | None, after: int | None) -> float | None:
            return None if before is None or after is None else (after - before) / passed

        return Pace(
            rate(first.end, last.end),
            rate(first.committed, last.committed),
            (last.lag - first.lag) / passed,
        )
