"""`durability = "power"`: engines that bring to the disk what they acknowledge."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from redis.asyncio import Redis as RedisClient

from host.errors import StackError
from stack.engines.engine import url_with_login
from stack.engines.registry import engines_for
from tests.engines.running import running
from wire.kafka import client_arguments

pytestmark = pytest.mark.engines


@pytest.mark.parametrize(
    ("durability", "kafka", "redis"),
    [("power", "1", "always"), ("", str(2**63 - 1), "everysec")],
)
async def test_engines_flush_as_they_are_told(
    tmp_path: Path, durability: str, kafka: str, redis: str
) -> None:
    engines = engines_for(tmp_path, {"CONTROLROOM_DURABILITY": durability})
    async with running(engines["redis"], tmp_path):
        client = RedisClient.from_url(url_with_login(engines["redis"]), decode_responses=True)
        assert await client.config_get("appendfsync") == {"appendfsync": redis}
        await client.aclose()
    async with running(engines["kafka"], tmp_path):
        admin = AIOKafkaAdminClient(**client_arguments(engines["kafka"].url()))
        await admin.start()
        (found,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
        await admin.close()
        configs = {entry[0]: entry[1] for entry in found.resources[0][4]}
        assert configs["log.flush.interval.messages"] == kafka


def test_a_durability_that_is_unknown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        engines_for(tmp_path, {"CONTROLROOM_DURABILITY": "yes"})
    assert "process or power" in caught.value.fix
