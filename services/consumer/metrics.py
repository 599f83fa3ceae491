"""What the consumer tells of its work beside the golden series."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import REGISTRY, Counter
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from services.shared.golden import BUCKETS_MS

HANDLED = Counter("controlroom_handled", "Events and records by what became of them.", ["outcome"])
"""Outcomes are the names of `wire.books.Totals`."""

PRUNED = Counter("controlroom_pruned_documents", "Documents that retention has removed.")

FAILED_WRITES = Counter(
    "controlroom_failed_tally_writes", "Tally writes that Redis refused, such as a wrong type."
)


class QueueTime(Collector):
    """Histogram of the time from produced to stored, milliseconds."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_MS) + 1)
        self._total = 0.0

    def observe(self, spans: Iterable[int]) -> None:
        """Adds the times of stored events."""
        for span in spans:
            self._counts[bisect_left(BUCKETS_MS, span)] += 1
            self._total += span

    def collect(self) -> Iterable[Metric]:
        """The histogram for one scrape."""
        seen = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BUCKETS_MS), "+Inf"), self._counts, strict=True):
            seen += count
            buckets.append((bound, seen))
        metric = HistogramMetricFamily("controlroom_queue_time_ms", "Produced to stored, ms.")
        metric.add_metric((), buckets, self._total)
        return (metric,)


QUEUE_TIME = QueueTime()
REGISTRY.register(QUEUE_TIME)
