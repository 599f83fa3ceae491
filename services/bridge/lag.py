"""How far the stores are behind Kafka, published on both sides of the bridge."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping

from aiokafka.errors import KafkaError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.queues.kafka.member import Member

EVERY = 2.0
_FRESH = 15.0
"""Seconds after which a figure is left out: nothing newer was heard."""


class LagGauge(Collector):
    """Records of each partition that are on Kafka and not counted, as last heard."""

    def __init__(self) -> None:
        self._lags: dict[tuple[str, int], tuple[int, float]] = {}

    def publish(self, topic: str, partition: int, records: int) -> None:
        """The lag of one partition now."""
        self._lags[topic, partition] = max(0, records), time.monotonic()

    def collect(self) -> Iterable[Metric]:
        """The gauge for one scrape."""
        oldest = time.monotonic() - _FRESH
        metric = GaugeMetricFamily(
            "controlroom_lag_records",
            "Records on Kafka that are not counted yet.",
            labels=("topic", "partition"),
        )
        for (topic, partition), (records, at) in list(self._lags.items()):
            if at > oldest:
                metric.add_metric((topic, str(partition)), records)
        return (metric,)


async def watch(member: Member, lag: LagGauge) -> None:
    """Asks Kafka for the lag of the member's own partitions until cancelled.

    It asks on its own, since the loop stands still while the remote side is away.
    """
    while True:
        with contextlib.suppress(KafkaError, OSError):
            await _look(member, lag)
        await asyncio.sleep(EVERY)


async def _look(member: Member, lag: LagGauge) -> None:
    positions = member.positions.known()
    ends: Mapping[str, Mapping[int, int]] = {
        topic: await member.offsets.end_offsets(topic)
        for topic in {partition.topic for partition in positions}
    }
    for partition, position in positions.items():
        end = ends[partition.topic].get(partition.partition, 0)
        lag.publish(partition.topic, partition.partition, end - position.committed - 1)
