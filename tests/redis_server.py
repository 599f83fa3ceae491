"""A Redis of a test's own, for what a shared one could not tell: what was asked of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from host.install.commands import find_program
from tests.ports import free_port
from tests.waiting import until
from wire.stores import redis_client


@contextlib.asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[tuple[Redis, str]]:
    """A client, and the URL."""
    program = find_program("redis-server")
    assert program is not None
    port = free_port()
    words = f"--port {port} --bind 127.0.0.1 --save --appendonly no".split()
    process = await asyncio.create_subprocess_exec(
        program, *words, "--dir", folder, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"redis://127.0.0.1:{port}/0"
    client = redis_client(url, timeout=120)

    async def there() -> bool:
        with contextlib.suppress(RedisError, OSError):
            return bool(await client.ping())
        return False

    try:
        await until(there, "a Redis of its own")
        yield client, url
    finally:
        await client.aclose()
        process.kill()
        await process.wait()
