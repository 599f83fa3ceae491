"""Says which partitions wait for the end of a transaction: what lies behind its first record may
not be read before, and a producer that has gone without a word holds it up for a minute or more."""

from __future__ import annotations

import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.queues.kafka import metrics
from services.shared import logline

_LONG = 10.0
"""Seconds after which a transaction is worth a line."""


class HeldBack:
    """Looks at what the last answers of the broker said of each partition."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._since: dict[TopicPartition, tuple[int, float]] = {}
        """Where each partition stands, and since when; infinite once it was told."""

    def look(self) -> None:
        """Counts what is held back, and tells of a transaction that stays open for long."""
        held, before, now = 0, self._since, time.monotonic()
        self._since = {}
        for partition in self._consumer.assignment():
            stable = self._consumer.last_stable_offset(partition)
            end = self._consumer.highwater(partition)
            if stable is None or end is None or not 0 <= stable < end:
                continue
            held += end - stable
            at, since = before.get(partition, (-1, now))
            since = since if at == stable else now
            if now - since > _LONG:
                _tell(partition, stable, end)
                since = float("inf")
            self._since[partition] = (stable, since)
        metrics.HELD.set(held)


def _tell(partition: TopicPartition, stable: int, end: int) -> None:
    logline.warning(
        "a transaction stays open; nothing behind its first record may be read",
        partition=f"{partition.topic}:{partition.partition}",
        offset=stable,
        records=end - stable,
    )
