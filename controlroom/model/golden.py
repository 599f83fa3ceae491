"""Golden metrics of one deployment, in one direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.model.queries import ROWS, STAT, TrafficRow


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """None means no traffic in the window, which is not zero. Latencies in ms."""

    deployment: str
    direction: str
    """`inbound` or `outbound`."""
    success: float | None
    """Share of successful responses, 0 to 1."""
    rps: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class GoldenMetrics:
    """All rows of one query round. `window` in seconds."""

    rows: tuple[GoldenRow, ...]
    window: float


def parse(
    result: Sequence[Mapping[str, Any]], window: float, rows: Sequence[TrafficRow] = ROWS
) -> GoldenMetrics:
    """The rows of one answer of Prometheus (`data.result` of an instant query)."""
    stats: dict[tuple[str, str, str], float] = {}
    for series in result:
        labels, figure = series["metric"], float(series["value"][1])
        stat = labels[STAT]
        if stat == "responses":
            stat = labels.get("classification", "success")
        if not math.isnan(figure):
            stats[labels.get("deployment", ""), labels["direction"], stat] = figure
    return GoldenMetrics(tuple(_row(row, stats, window) for row in rows), window)


def _row(row: TrafficRow, stats: Mapping[tuple[str, str, str], float], window: float) -> GoldenRow:
    def stat(name: str) -> float | None:
        return stats.get((row.deployment, row.direction, name))

    good, bad = stat("success") or 0.0, stat("failure") or 0.0
    if not good + bad:
        return GoldenRow(row.deployment, row.direction, None, None, None, None, None)
    return GoldenRow(
        row.deployment,
        row.direction,
        success=good / (good + bad),
        rps=(good + bad) / window,
        p50=stat("p50"),
        p95=stat("p95"),
        p99=stat("p99"),
    )
