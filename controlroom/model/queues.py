"""The queue as the room shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueLag:
    """What waits in one of several queues."""

    name: str
    lag: int
    partitions: int
    """0 where nothing waits in the queue, whoever receives."""
    members: int | None


@dataclass(frozen=True, slots=True)
class Queues:
    """Lag of one consumer group on one topic, in records."""

    topic: str
    group: str
    partitions: int
    """0 where nothing waits in the queue, whoever receives."""
    members: int | None
    lag: int
    end: int
    """Sum of the end offsets."""
    lag_by_partition: tuple[int, ...] = ()
    told_by: str = ""
    """Who measured it: `exporter` (through Prometheus) or `admin API`; empty where not told."""
    title: str = "kafka"
    """The queue."""
    parts: tuple[QueueLag, ...] = ()
    """Each queue of a scenario that has several; then `lag` is that of all, and the rest is told of
    the first in which anything can wait."""
