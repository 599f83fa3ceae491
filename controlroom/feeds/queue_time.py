"""How long events took from produced to stored, measured on the documents that the tail saw."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

from controlroom.model.books import QueueTime
from controlroom.model.log import LogLine

KEPT = 2000


class QueueTimes:
    """The newest documents of the last `seconds`, at most KEPT of them."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._recent: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def add(self, lines: Iterable[LogLine]) -> None:
        """Notes new documents."""
        self._recent.extend((line.stored, (line.stored - line.produced) * 1000) for line in lines)

    def figure(self, now: float) -> QueueTime | None:
        """Percentiles in ms; None where nothing was stored in the last seconds."""
        waits = sorted(
            max(0.0, wait) for stored, wait in self._recent if stored >= now - self._seconds
        )
        if not waits:
            return None
        p50, p95, p99 = (_rank(waits, share) for share in (0.5, 0.95, 0.99))
        return QueueTime(p50, p95, p99, len(waits))


def _rank(ordered: Sequence[float], share: float) -> float:
    """Nearest-rank percentile."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
