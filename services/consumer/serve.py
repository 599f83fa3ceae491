"""Builds one consumer from its settings and keeps it running."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from scenarios.loading import load
from services.consumer.counting import Counting
from services.consumer.guarded import GuardedDocuments
from services.consumer.loop import Loop, Neighbours
from services.consumer.neighbours import AbandonedError, Neighbour
from services.consumer.places import Places
from services.consumer.portion import Preparer
from services.consumer.retention import Retention
from services.shared.golden import outbound
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from wire import keys
from wire.documents import DocumentsError
from wire.stores import redis_client
from wire.topics import OffsetReader, ensure_topics

NEEDED = ("kafka_bootstrap", "redis_url", "mongo_url")

_STUCK_SECONDS = 60.0
_LEAVE_SECONDS = 5.0


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Consumes until the lifecycle says stop."""
    scenario = load(settings.scenario)
    redis = redis_client(settings.redis_url, settings.redis_password)
    documents = GuardedDocuments(
        redis, settings.mongo_url, settings.mongo_username, settings.mongo_password
    )
    pulse = lifecycle.pulse("loop", _STUCK_SECONDS)
    neighbours = Neighbours(
        kafka=Neighbour(lifecycle.gate("kafka"), pulse, (KafkaError, OSError)),
        redis=Neighbour(
            lifecycle.gate("redis"),
            pulse,
            (RedisError, OSError),
            outbound("redis", _address(settings.redis_url)),
        ),
        mongo=Neighbour(
            lifecycle.gate("mongo"),
            pulse,
            (DocumentsError,),
            outbound("mongo", _address(settings.mongo_url)),
        ),
    )
    consumer = _consumer(settings, scenario.name)
    offsets = OffsetReader(settings.kafka_bootstrap)
    counting = Counting(redis, scenario.name)
    places = Places(consumer, offsets, counting, keys.consumer_group(scenario.name))
    loop = Loop(
        scenario.name,
        consumer,
        places,
        counting,
        documents,
        Preparer(scenario),
        neighbours,
        pulse,
        lifecycle.stopping,
    )
    retention = Retention(scenario.name, redis, documents, settings.keep, settings.pod_name)
    pruning = asyncio.create_task(retention.run(), name="retention")
    stopping = lifecycle.stopping.is_set
    lifecycle.service.open()  # it has no door of its own; its neighbours have gates
    try:
        with contextlib.suppress(AbandonedError):
            await asyncio.gather(
                neighbours.kafka.ask(
                    lambda: ensure_topics(
                        settings.kafka_bootstrap, scenario.name, settings.topic_bytes
                    ),
                    stopping,
                ),
                neighbours.redis.ask(redis.ping, stopping),
                neighbours.mongo.ask(lambda: documents.ensure_indexes(scenario.name), stopping),
            )
            await neighbours.kafka.ask(consumer.start, stopping)
            consumer.subscribe(loop.topics, listener=loop)
            await loop.run()
    finally:
        pruning.cancel()
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), _LEAVE_SECONDS)
        await offsets.close()
        await redis.aclose()
        documents.close()


def _consumer(settings: Settings, scenario: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        client_id=settings.pod_name,
        group_id=keys.consumer_group(scenario),
        enable_auto_commit=False,
        # only for offsets that are gone; the fence decides where reading begins
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_500,
        rebalance_timeout_ms=6_000,
        request_timeout_ms=10_000,
        # how soon a topic that was made anew, or more partitions, are noticed
        metadata_max_age_ms=5_000,
        # A store that is away for long is no reason to leave the group; liveness guards the loop.
        max_poll_interval_ms=24 * 3_600_000,
    )


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or ''}"
