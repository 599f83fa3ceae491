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
from services.consumer.loop import Loop
from services.consumer.neighbours import AbandonedError, Neighbour
from services.consumer.places import Places
from services.consumer.stores import Stores
from services.shared.busy import waits_for
from services.shared.golden import outbound
from services.shared.lifecycle import Lifecycle, Pulse
from services.shared.settings import Settings
from wire import keys
from wire.documents import Documents, DocumentsError
from wire.stores import redis_client
from wire.topics import OffsetReader, ensure_topics

NEEDED = ("kafka_bootstrap", "redis_url", "mongo_url")

_STUCK_SECONDS = 60.0
_LEAVE_SECONDS = 5.0


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Consumes until the lifecycle says stop."""
    scenario = load(settings.scenario)
    redis = redis_client(settings.redis_url, settings.redis_password)
    documents = Documents(settings.mongo_url, settings.mongo_username, settings.mongo_password)
    pulse = lifecycle.pulse("loop", _STUCK_SECONDS)
    kafka = Neighbour(lifecycle.gate("kafka"), pulse, (KafkaError, OSError), waits_for("kafka"))
    near_redis = redis_neighbour(settings, lifecycle, pulse)
    near_mongo = mongo_neighbour(settings, lifecycle, pulse)
    consumer = group_member(settings, scenario.name)
    offsets = OffsetReader(settings.kafka_bootstrap)
    places = Places(consumer, offsets, keys.consumer_group(scenario.name))
    loop = Loop(
        scenario.name,
        consumer,
        places,
        Stores(scenario, Counting(redis, scenario.name), documents, near_redis, near_mongo),
        kafka,
        pulse,
        lifecycle.stopping,
    )
    stopping = lifecycle.stopping.is_set
    lifecycle.service.open()  # it has no door of its own; its neighbours have gates
    try:
        with contextlib.suppress(AbandonedError):
            await asyncio.gather(
                kafka.ask(lambda: ensure_topics(settings.kafka_bootstrap, scenario.name), stopping),
                near_redis.ask(redis.ping, stopping),
                near_mongo.ask(lambda: documents.ensure_indexes(scenario.name), stopping),
            )
            await kafka.ask(consumer.start, stopping)
            consumer.subscribe(loop.topics, listener=loop)
            await loop.run()
    finally:
        with contextlib.suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), _LEAVE_SECONDS)
        await offsets.close()
        await redis.aclose()
        documents.close()


def redis_neighbour(settings: Settings, lifecycle: Lifecycle, pulse: Pulse) -> Neighbour:
    """Redis, as its settings name it."""
    traffic = outbound("redis", _address(settings.redis_url))
    return Neighbour(
        lifecycle.gate("redis"), pulse, (RedisError, OSError), waits_for("redis"), traffic
    )


def mongo_neighbour(settings: Settings, lifecycle: Lifecycle, pulse: Pulse) -> Neighbour:
    """The document store, as its settings name it."""
    traffic = outbound("mongo", _address(settings.mongo_url))
    return Neighbour(lifecycle.gate("mongo"), pulse, (DocumentsError,), waits_for("mongo"), traffic)


def group_member(settings: Settings, scenario: str) -> AIOKafkaConsumer:
    """A member of the group that stores a scenario, not yet started."""
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
