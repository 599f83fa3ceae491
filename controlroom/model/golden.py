"""Golden metrics of one deployment, in one direction."""

from __future__ import annotations

from dataclasses import dataclass


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
