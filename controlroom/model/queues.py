"""Kafka as the room shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Queues:
    """Lag of one consumer group on one topic, in records."""

    topic: str
    group: str
    partitions: int
    members: int | None
    lag: int
    end: int
    """Sum of the end offsets."""
    lag_by_partition: tuple[int, ...] = ()
    told_by: str = ""
    """Who measured it: `exporter` (through Prometheus) or `admin API`; empty where not told."""
