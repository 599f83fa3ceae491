"""A member of the group that reads a scenario's topics, whatever its sink is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from services.queues.batch import Abandoned, Sink
from services.queues.kafka.loop import BATCH, Loop
from services.queues.kafka.patience import BUSY_MS
from services.queues.kafka.positions import Positions
from services.queues.kafka.refused import Refused
from services.shared.busy import waits_for
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import keys
from wire.reading import open_reader
from wire.refusals import Refusals
from wire.topics import OffsetReader, ensure_topics

_LEAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Member:
    """Everything that asks Kafka."""

    settings: Settings
    scenario: str
    consumer: AIOKafkaConsumer
    offsets: OffsetReader
    positions: Positions
    refusals: Refusals
    kafka: Dependency

    async def ensure(self, abandoned: Abandoned) -> None:
        """Makes the topics where they are missing. Raises AbandonedError."""
        await self.kafka.ask(
            lambda: ensure_topics(self.settings.kafka, self.scenario, self.settings.topic_bytes),
            abandoned,
        )

    async def consume(
        self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness, most: int = 0
    ) -> None:
        """Joins the group and works until the lifecycle stops. Raises AbandonedError.

        `most`: records that are fetched at once; 0 is what the settings say.
        """
        loop = Loop(
            self.scenario,
            self.consumer,
            self.positions,
            sink,
            self.kafka,
            liveness,
            lifecycle.stopping,
            Refused(self.consumer, self.refusals, lifecycle.gate("partitions")),
            most or self.settings.batch_records or BATCH,
        )
        await self.kafka.ask(self.consumer.start, lifecycle.stopping.is_set)
        self.consumer.subscribe(loop.topics, listener=loop)
        await loop.run()


@contextlib.asynccontextmanager
async def membership(
    settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
) -> AsyncIterator[Member]:
    """A member that leaves its group at the end of the block."""
    refusals = Refusals()
    consumer = _consumer(settings, scenario, refusals)
    offsets = OffsetReader(settings.kafka)
    positions = Positions(consumer, offsets, keys.consumer_group(scenario))
    errors = (KafkaError, OSError)
    gate, busy = lifecycle.gate("kafka"), waits_for("kafka")
    kafka = Dependency(gate, liveness, errors, busy, final=client_has_ended)
    try:
        yield Member(settings, scenario, consumer, offsets, positions, refusals, kafka)
    finally:
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), _LEAVE_SECONDS)
        await offsets.close()


def client_has_ended(error: Exception) -> bool:
    """Whether a task of the client has died of a mistake of its own, such as an assertion.

    aiokafka starts none anew and raises this for ever after, so the process has to end: its
    node, or the local stack, starts another one. Seen where a broker that was just starting
    told of no brokers.
    """
    cause = error.__cause__
    mistake = isinstance(cause, Exception) and not isinstance(cause, KafkaError | OSError)
    return type(error) is KafkaError and mistake


def _consumer(settings: Settings, scenario: str, refusals: Refusals) -> AIOKafkaConsumer:
    return open_reader(
        refusals=refusals,
        **settings.kafka.arguments(),
        client_id=settings.pod_name,
        group_id=keys.consumer_group(scenario),
        enable_auto_commit=False,
        # only for offsets that are gone; the committed offset decides where reading begins
        auto_offset_reset="earliest",
        fetch_max_wait_ms=BUSY_MS,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_500,
        rebalance_timeout_ms=6_000,
        request_timeout_ms=10_000,
        # how soon a topic that was made anew, or more partitions, are noticed
        metadata_max_age_ms=5_000,
        # A store that is away for long is no reason to leave the group; liveness guards the loop.
        max_poll_interval_ms=24 * 3_600_000,
    )
