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
    topic = await reader.topic(keys.events_topic(scenario))
    read = await reader.committed(keys.consumer_group(scenario), topic.name)
    begins, ends = await reader.begins_of(topic), await reader.ends_of(topic)
    dirs = await reader.log_dirs(topic.name, ends)
    kept = await reader.retention_bytes(topic.name)
    records, share = 0, 0.0
    for partition, end in ends.items():
        begin = begins[partition]
        waiting = max(0, end - max(begin, read.get(partition, 0)))
        records += waiting
        if kept > 0 and waiting:
            bytes_ = dirs.sizes.get(partition, 0) * waiting / (end - begin)
            share = max(share, bytes_ / kept)
    return Backlog(records, share, tuple(dirs.disks))
