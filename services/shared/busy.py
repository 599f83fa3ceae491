"""How long this process has waited for its dependencies, so that a limit can be named.

A sum of latencies cannot tell: it counts calls that overlap twice, and a call that hangs not
before it ends. This counts the wall time in which anybody waits, also while nobody is answered.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Busy:
    """Seconds in which at least one holder waited."""

    def __init__(self) -> None:
        self._holders: set[Hashable] = set()
        self._since = 0.0
        self._spent = 0.0

    def hold(self, holder: Hashable) -> None:
        """The holder waits from now on; changes nothing where it waits already."""
        if not self._holders:
            self._since = time.monotonic()
        self._holders.add(holder)

    def release(self, holder: Hashable) -> None:
        """The holder waits no more; changes nothing where it did not."""
        if holder in self._holders:
            self._holders.remove(holder)
            if not self._holders:
                self._spent += time.monotonic() - self._since

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Waits while the block runs."""
        holder = object()
        self.hold(holder)
        try:
            yield
        finally:
            self.release(holder)

    @property
    def seconds(self) -> float:
        """All of it until now, with the wait that is not over."""
        return self._spent + (time.monotonic() - self._since if self._holders else 0.0)


class BusyTimes(Collector):
    """The waits of a process as Prometheus metrics, one per dependency."""

    def __init__(self) -> None:
        self._waits: dict[str, Busy] = {}

    def of(self, dependency: str) -> Busy:
        """The wait for this dependency, one object per name."""
        return self._waits.setdefault(dependency, Busy())

    def collect(self) -> Iterable[Metric]:
        """Metrics for one scrape."""
        metric = CounterMetricFamily(
            "controlroom_busy_seconds",
            "Seconds in which something waited for the dependency.",
            labels=["dst_deployment"],
        )
        for dependency, busy in self._waits.items():
            metric.add_metric([dependency], busy.seconds)
        return (metric,)


_TIMES = BusyTimes()
REGISTRY.register(_TIMES)


def waits_for(dependency: str) -> Busy:
    """The wait of this process for `kafka`, `redis`, `mongo` or `bridge`."""
    return _TIMES.of(dependency)
