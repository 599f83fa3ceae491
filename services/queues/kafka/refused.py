"""Says which partitions stand still because their broker does not give out what is there."""

from __future__ import annotations

import time
from collections import Counter

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.queues.kafka import metrics
from services.shared import logline
from services.shared.lifecycle import ReadinessGate
from wire.refusals import Refusals

LONG = 5.0
"""Seconds after which a refusal is told: a leader that moves takes less."""
_AGAIN = 60.0
"""Seconds between two lines about the same partitions."""
_SHOWN = 5
"""Partitions that are named in the reason of a probe."""


class Refused:
    """A gate of readiness, a metric and a line. Partitions that are given out go on meanwhile."""

    def __init__(self, consumer: AIOKafkaConsumer, refusals: Refusals, gate: ReadinessGate) -> None:
        self._consumer = consumer
        self._refusals = refusals
        self._gate = gate
        self._told: dict[TopicPartition, str] = {}
        self._told_at = 0.0
        gate.open()

    def look(self) -> None:
        """Tells of what has been refused for long by now."""
        found = self._refusals.lasting(self._consumer.assignment(), LONG)
        metrics.REFUSED_PARTITIONS.clear()
        for error, partitions in Counter(found.values()).items():
            metrics.REFUSED_PARTITIONS.labels(error).set(partitions)
        if not found:
            self._gate.open()
        else:
            self._gate.shut(_sentence(found))
        self._tell(found)

    def _tell(self, found: dict[TopicPartition, str]) -> None:
        now = time.monotonic()
        if found == self._told and (not found or now - self._told_at < _AGAIN):
            return
        self._told, self._told_at = found, now
        if found:
            logline.error(
                "a broker does not give out partitions; what is in them waits",
                partitions={_name(each): error for each, error in found.items()},
            )
        else:
            logline.info("all partitions are given out again")


def _sentence(found: dict[TopicPartition, str]) -> str:
    named = [f"{_name(each)}: {error}" for each, error in list(found.items())[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"the broker does not give out {', '.join(named)}{more}"


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}:{partition.partition}"
