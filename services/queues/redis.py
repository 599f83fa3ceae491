"""A client of Redis for what queues made of it carry, which is bytes."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.shared.settings import Settings


def raw_client(settings: Settings, timeout: float = 5.0) -> Redis:
    """It answers with bytes and sends nothing again by itself."""
    return Redis.from_url(
        settings.redis_url,
        username=settings.redis_username or None,
        password=settings.redis_password or None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
