"""What a member of the group tells of its partitions."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

REFUSED_BATCHES = Counter(
    "controlroom_refused_batches", "Batches that were refused because they were counted before."
)

DROPPED = Counter(
    "controlroom_dropped_records",
    "Records fetched again at or below the committed offset and left alone.",
)

EXPIRED = Counter(
    "controlroom_expired_records", "Records that the broker dropped before they were read."
)

HELD = Gauge(
    "controlroom_held_records",
    "Records of the member's partitions that may not be read before a transaction has ended.",
)

REFUSED_PARTITIONS = Gauge(
    "controlroom_refused_partitions",
    "The member's partitions that their broker does not give out, by the error that it names.",
    ["error"],
)
