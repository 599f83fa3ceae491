"""Names in Kafka, Redis and MongoDB. One fact, one place.

Redis keys of one scenario share the hash tag `{scenario}`, so that counters and fence always
live on one node and one script may touch them all.
"""

from __future__ import annotations

PARTITIONS = 12
"""Partitions of the events topic; the consumer's autoscaler may never ask for more replicas."""

DATABASE = "controlroom"


def events_topic(scenario: str) -> str:
    """Kafka topic of accepted events."""
    return f"{scenario}.events"


def rejected_topic(scenario: str) -> str:
    """Kafka topic on which producers keep what they refused."""
    return f"{scenario}.rejected"


def consumer_group(scenario: str) -> str:
    """Consumer group that writes the stores."""
    return f"{scenario}-store"


def counter_key(scenario: str, key: str) -> str:
    """Redis key of one tally, `key` being its filled template."""
    return f"{{{scenario}}}:{key}"


def fence_key(scenario: str) -> str:
    """Redis hash: fence field -> offset of the last event that was counted."""
    return f"{{{scenario}}}:fence"


def fence_field(group: str, topic: str, topic_id: str, partition: int) -> str:
    """Field of the fence. The topic's identity is part of it: a topic made anew starts at 0."""
    return f"{group}/{topic}/{topic_id}/{partition}"


def books_key(scenario: str) -> str:
    """Redis hash of totals: `counted`, `dead` (poison met on the events topic),
    `refused` (records of the rejected topic), `purged` (documents removed on purpose),
    `version` (rises with every change)."""
    return f"{{{scenario}}}:books"


def acknowledged_key(scenario: str) -> str:
    """Redis hash: producer instance -> number of events it has acknowledged, ever."""
    return f"{{{scenario}}}:acknowledged"


def logs_collection(scenario: str) -> str:
    """MongoDB collection of stored events.

    Document: `_id` `<topic id>:<partition>#<offset>`, `tp` `<topic id>:<partition>`,
    `o` offset (int), `id` event id, `origin` http | grpc | kafka, `at` produced (ms since the
    epoch), `stored` (ms since the epoch), `event` the fields. Unique index on (`tp`, `o`).
    """
    return f"{scenario}.logs"


def rejected_collection(scenario: str) -> str:
    """MongoDB collection of rejected records, same ids and index as the logs.

    `reason`: list of {field, message}; `value`: the record as text, at most 4 KiB;
    `origin`, `at`, `stored` as in the logs.
    """
    return f"{scenario}.rejected"
