"""What the services' event loop says of a connection that the other side has reset."""

from __future__ import annotations

import asyncio
import socket
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from services.shared.acknowledged import keeping
from services.shared.loop import run
from services.shared.settings import Settings
from tests.conftest import Engines
from tests.relay import link
from tests.waiting import until
from wire.keys import acknowledged_key


def test_writing_to_a_connection_that_was_reset_is_an_error_of_the_connection() -> None:
    async def work() -> int:
        silent = socket.create_server(("127.0.0.1", 0))
        async with link(silent.getsockname()[1]) as way:
            reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
            writer.write(b"?")
            await until(lambda: bool(way.reset()), "a connection that was reset")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            with pytest.raises(ConnectionResetError):
                writer.write(b"?")
            with pytest.raises(ConnectionResetError):
                writer.writelines([b"?", b"!"])
            assert writer.get_extra_info("peername") == ("127.0.0.1", way.port)
        silent.close()
        return 0

    assert run(work()) == 0


def test_counts_are_published_after_a_reset(engines: Engines, tmp_path: Path) -> None:
    scenario = f"ledger-{uuid.uuid4().hex[:8]}"
    where = urlsplit(engines.redis)
    assert where.port is not None

    async def work() -> int:
        async with link(where.port or 0) as way, Redis.from_url(engines.redis) as redis:
            url = engines.redis.replace(f":{where.port}", f":{way.port}")
            settings = Settings(scenario, "p", "127.0.0.1", redis_url=url, ledger_dir=tmp_path)
            async with keeping(settings, scenario) as acknowledged:
                for number in range(1, 6):
                    acknowledged.add(1)

                    async def told(number: int = number) -> bool:
                        found = await redis.hgetall(acknowledged_key(scenario))
                        return list(found.values()) == [str(number).encode()]

                    await until(told, f"a count of {number} in Redis")
                    assert way.reset(), "a publication without a connection"
            await redis.delete(acknowledged_key(scenario))
        return 0

    assert run(work()) == 0
