"""What keeps the pipeline from going faster, from how busy its parts are and what queues."""

from __future__ import annotations

from collections.abc import Mapping

PARTS = ("producer", "kafka", "consumer", "redis", "documents")
BUSY = 0.8
"""Share of its time from which a door, or the broker behind it, is at its limit."""
BACKLOG_SECONDS = 1.0
"""Seconds of what is handled that may be under way before it counts as a queue."""
_BEHIND = {
    "fetching": "kafka",
    "consumer": "consumer",
    "redis": "redis",
    "documents": "documents",
}
"""What a consumer spends its time on -> the part that is its limit then."""
_BEFORE = {"producer": "producer", "sending": "kafka"}


def queues(busy: Mapping[str, float], waiting: int) -> bool:
    """Whether so many events that no consumer has counted are a queue."""
    return waiting > max(busy.get("handled", 0.0) * BACKLOG_SECONDS, 1.0)


def bottleneck(busy: Mapping[str, float], queued: float) -> str:
    """One of PARTS, or empty where nothing is at its limit.

    `busy`: shares of time, each 0 to 1: `producer` and `consumer` (CPU of the busiest process),
    `sending` (events queue in a producer behind what Kafka has not acknowledged), `fetching`,
    `redis` and `documents` (consumers wait for records, or for a store); beside them `handled`,
    events per second that the consumers counted. `queued`: for how long events have queued, as
    a share of the time that the others cover; 0 where they do not.

    Utilisation names the limit: where events queue, it is what the consumers spend most of their
    time on; else a door that is busy all the time, or the broker that it waits for. Nothing is
    named while the shares still cover time from before the queue.
    """
    if queued:
        if queued < 1:
            return ""
        most = max(_BEHIND, key=lambda name: busy.get(name, 0.0))
        return _BEHIND[most] if busy.get(most, 0.0) > 0 else ""
    for name, part in _BEFORE.items():
        if busy.get(name, 0.0) >= BUSY:
            return part
    return ""
