"""How near the events that wait are to being dropped by Kafka's own retention."""

from __future__ import annotations

from dataclasses import dataclass

from wire import keys
from wire.topics import OffsetReader


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that no consumer has committed yet, and the disks that they lie on."""

    records: int
    share: float
    """Bytes that wait / bytes that Kafka keeps, of the fullest partition; 0 where Kafka keeps
    everything."""
    disks: tuple[tuple[int, int], ...]
    """(total, free) bytes of each disk of Kafka; empty where it does not say."""


async def read_backlog(reader: OffsetReader, scenario: str) -> Backlog:
    """The backlog of a scenario. Raises KafkaError."""
    topic = keys.events_topic(scenario)
    lag = await reader.lag(keys.consumer_group(scenario), topic)
    begins, ends = await reader.beginning_offsets(topic), await reader.end_offsets(topic)
    dirs = await reader.log_dirs(topic, ends)
    kept = await reader.retention_bytes(topic)
    share = 0.0
    if kept > 0:
        for partition, waiting in lag.items():
            held = max(1, ends[partition] - begins[partition])
            share = max(share, dirs.sizes.get(partition, 0) * min(1.0, waiting / held) / kept)
    return Backlog(sum(lag.values()), share, tuple(dirs.disks))
