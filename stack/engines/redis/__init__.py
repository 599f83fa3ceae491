"""Redis: counters, and what is published to all subscribers."""

from stack.engines.redis.server import Redis, RedisKind, external_redis, ping

__all__ = ["ENGINE", "Redis", "external_redis", "ping"]

ENGINE = RedisKind()
