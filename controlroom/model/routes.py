"""Golden metrics of each route of a deployment, and of each neighbour that it asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.model.queries import STAT


@dataclass(frozen=True, slots=True)
class RouteRow:
    """What had traffic in the window. Latencies in ms."""

    deployment: str
    direction: str
    """`inbound` or `outbound`."""
    peer: str
    """The route that clients asked, or the deployment or engine that was asked."""
    success: float
    """Share of successful responses, 0 to 1."""
    rps: float
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Routes:
    """By deployment, what comes in first; `window` in seconds."""

    rows: tuple[RouteRow, ...]
    window: float


def parse(result: Sequence[Mapping[str, Any]], window: float) -> Routes:
    """The rows of one answer of Prometheus to `routes_query`."""
    stats: dict[tuple[str, str, str], dict[str, float]] = {}
    for series in result:
        labels, figure = series["metric"], float(series["value"][1])
        peer = labels.get("peer", "")
        if math.isnan(figure) or not peer:
            continue
        stat = labels[STAT]
        if stat == "responses":
            stat = labels.get("classification", "success")
        key = (labels.get("deployment", ""), labels["direction"], peer)
        stats.setdefault(key, {})[stat] = figure
    rows = []
    for key, of in sorted(stats.items()):
        good, bad = of.get("success", 0.0), of.get("failure", 0.0)
        if good + bad:
            latencies = (of.get(name) for name in ("p50", "p95", "p99"))
            rows.append(RouteRow(*key, good / (good + bad), (good + bad) / window, *latencies))
    return Routes(tuple(rows), window)
