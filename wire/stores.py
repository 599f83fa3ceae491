"""Connections to Redis, made alike everywhere."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def redis_client(url: str, password: str = "", username: str = "", timeout: float = 5.0) -> Redis:
    """A client that answers with text and gives up after `timeout` seconds.

    It connects at its first command and again after a loss: a command that met a connection
    which the server had closed meanwhile is sent once more. Whoever waits longer than that
    does so on its own terms, with a reason shown.
    """
    return Redis.from_url(
        url,
        username=username or None,
        password=password or None,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
    )
