"""Traffic of one deployment, route by route: rates, success, and the whole latency histogram."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Route:
    """What went over one route in the window. Latencies in ms."""

    deployment: str
    direction: str
    """`inbound` or `outbound`."""
    to: str
    """The engine or service that is asked; of what comes in the route."""
    rps: float
    success: float | None
    """Share of successful responses, 0 to 1; None where nothing was answered."""
    bounds: tuple[float, ...] = ()
    """Upper bounds of the buckets, the last one infinite."""
    counts: tuple[float, ...] = ()
    """Answers in each bucket."""

    @property
    def p50(self) -> float | None:
        """The middle one."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float | None:
        """Of 100 answers 95 took no longer."""
        return self.quantile(0.95)

    @property
    def p99(self) -> float | None:
        """Of 100 answers 99 took no longer."""
        return self.quantile(0.99)

    def quantile(self, share: float) -> float | None:
        """As Prometheus computes it: straight within a bucket, and the last finite bound above."""
        total = sum(self.counts)
        if total <= 0:
            return None
        wanted, seen, low = share * total, 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if seen + count >= wanted and count > 0:
                return low if math.isinf(bound) else low + (bound - low) * (wanted - seen) / count
            seen, low = seen + count, bound if not math.isinf(bound) else low
        return low


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes of one round. `window` in seconds."""

    rows: tuple[Route, ...]
    window: float

    def of(self, deployment: str, direction: str = "") -> list[Route]:
        """Those of a deployment, the busiest first."""
        own = [row for row in self.rows if row.deployment == deployment]
        own = [row for row in own if not direction or row.direction == direction]
        return sorted(own, key=lambda row: -row.rps)

    def slowest(self, deployment: str) -> Route | None:
        """What a deployment waits for longest, at the 99th of 100; None where it asks nothing."""
        others = (row for row in self.of(deployment, "outbound") if row.to != deployment)
        asked = [(row.quantile(0.99), row) for row in others]
        known = [(p99, row) for p99, row in asked if p99 is not None]
        return max(known, key=lambda one: one[0])[1] if known else None


Key = tuple[str, str, str]


def parse(
    buckets: Iterable[Mapping[str, Any]], responses: Iterable[Mapping[str, Any]], window: float
) -> Routes:
    """Of the answers of two instant queries of Prometheus (`data.result` of each)."""
    counts: dict[Key, dict[float, float]] = defaultdict(dict)
    answers: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for series in buckets:
        bound = float(series["metric"]["le"].replace("+Inf", "inf"))
        place = counts[_key(series["metric"])]
        place[bound] = place.get(bound, 0.0) + _figure(series)
    for series in responses:
        kind = series["metric"].get("classification", "success")
        answers[_key(series["metric"])][kind] += _figure(series)
    rows = [_route(key, counts.get(key, {}), answers[key], window) for key in answers]
    return Routes(tuple(row for row in rows if row.rps > 0), window)


def _route(
    key: Key, cumulated: Mapping[float, float], answers: Mapping[str, float], window: float
) -> Route:
    total = sum(answers.values())
    bounds = tuple(sorted(cumulated))
    return Route(
        *key,
        rps=total / window,
        success=answers.get("success", 0.0) / total if total else None,
        bounds=bounds,
        counts=_apart([cumulated[bound] for bound in bounds]),
    )


def _apart(cumulated: Sequence[float]) -> tuple[float, ...]:
    """Counts of single buckets; an extrapolated one may seem to fall by a hair."""
    before = [0.0, *cumulated[:-1]]
    return tuple(max(0.0, now - then) for now, then in zip(cumulated, before, strict=False))


def _key(labels: Mapping[str, str]) -> Key:
    direction = labels.get("direction", "")
    route, address = labels.get("route_name", ""), labels.get("authority", "")
    to = labels.get("dst_deployment") if direction == "outbound" else ""
    if not to:
        to = address or route or "default"
    return labels.get("deployment", ""), direction, to


def _figure(series: Mapping[str, Any]) -> float:
    figure = float(series["value"][1])
    return 0.0 if math.isnan(figure) else figure
