"""What keeps the pipeline from going faster, from how busy its parts are and what queues."""

from __future__ import annotations

from collections.abc import Mapping

PARTS = ("producer", "kafka", "redis", "documents")
BUSY = 0.8
"""Share of its time from which a part that takes what comes is at its limit."""
BACKLOG_SECONDS = 1.0
"""Seconds of arrivals that may be under way before they count as a queue."""


def bottleneck(busy: Mapping[str, float], waiting: int, arriving: float) -> str:
    """One of PARTS, or empty where nothing is at its limit.

    `busy`: share of time of `producer` (CPU of its busiest process), `kafka` (producers wait
    for it), `redis` and `documents` (consumers wait for them), each 0 to 1. `waiting`: events
    that no consumer has come to yet; `arriving`: events per second. Where events queue, the
    store that the consumers wait for longest is the limit; else a door that is busy all the
    time, or the broker that it waits for.
    """
    if waiting > max(arriving * BACKLOG_SECONDS, 1.0):
        stores = {name: busy.get(name, 0.0) for name in ("redis", "documents")}
        slowest = max(stores, key=lambda name: stores[name])
        return slowest if stores[slowest] > 0 else ""
    for name in ("producer", "kafka"):
        if busy.get(name, 0.0) >= BUSY:
            return name
    return ""
