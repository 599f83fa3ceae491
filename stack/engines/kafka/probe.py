"""The question whether a broker serves, and the id of a new cluster."""

from __future__ import annotations

import base64
import logging
import uuid

from stack.engines.engine import NotReady, Silent
from wire.kafka import Brokers


async def has_brokers(brokers: Brokers) -> None:
    """The cluster names at least one living broker; NotReady says why it does not."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

    # It logs each failed attempt, and a broker that starts is many failed attempts.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    client = AIOKafkaAdminClient(**brokers.arguments(), request_timeout_ms=3000)
    try:
        await client.start()
        cluster = await client.describe_cluster()
    except (KafkaConnectionError, KafkaTimeoutError, TimeoutError) as error:
        # a broker without a listener was found out before this question
        raise Silent(f"kafka: {error or type(error).__name__}") from error
    except (KafkaError, OSError, ValueError) as error:
        raise NotReady(f"kafka: {error or type(error).__name__}") from error
    finally:
        await client.close()
    if not cluster.get("brokers"):
        raise NotReady("kafka: the broker is not yet part of its cluster")


def new_cluster_id() -> str:
    """A random id in Kafka's spelling: 16 bytes in URL-safe base64, without padding."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made
