"""What the processes of a running stack were given: each its own login, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.exceptions import NoPermissionError

from services.shared.settings import Settings
from tests.own_stack import OwnStack
from wire import keys
from wire.stores import redis_client
from wire.topics import OffsetReader

OWN = {
    "producer-http": {"producer"},
    "producer-grpc": {"producer"},
    "producer-wasm": {"producer"},
    "consumer": {"consumer"},
    "reader": {"reader"},
}


def secrets(state: Path, engine: str) -> dict[str, str]:
    """Account -> its password as the engine's folder keeps it; `root` is the administrator."""
    folder = state / "engines" / engine
    found = {file.name: file.read_text().strip() for file in (folder / "accounts").iterdir()}
    return {**found, "root": (folder / "secret").read_text().strip()}


@pytest.mark.parametrize("deployment", OWN)
def test_a_process_holds_its_own_logins_only(stack: OwnStack, deployment: str) -> None:
    logins = {engine: secrets(stack.state, engine) for engine in ("redis", "mongo")}
    pids = stack.pids(deployment)
    assert pids
    held: dict[str, set[str]] = {engine: set() for engine in logins}
    for pid in pids:
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        for engine, known in logins.items():
            held[engine] |= {name for name, secret in known.items() if secret in environment}
            assert not [name for name, secret in known.items() if secret in arguments]
    stored = set() if OWN[deployment] == {"producer"} else OWN[deployment]
    assert held == {"redis": OWN[deployment], "mongo": stored}


def environment_of(pid: int) -> dict[str, str]:
    """Variables of a process."""
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


async def test_the_reader_can_look_and_not_write_purge_or_produce(stack: OwnStack) -> None:
    env = environment_of(stack.pids("reader")[0])
    assert env["KAFKA_USERNAME"] == env["REDIS_USERNAME"] == env["MONGO_USERNAME"] == "reader"
    assert "PURGE_TOKEN" not in env
    administrator = (stack.state / "engines" / "kafka" / "secret").read_text().strip()
    assert administrator not in env.values()
    settings = Settings.from_env(environ=env)
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    await redis.hgetall(keys.books_key("bands"))
    for command in (
        ("HINCRBY", keys.books_key("bands"), "counted", 1),
        ("HSET", keys.committed_key("bands"), "x", 1),
        ("DEL", keys.books_key("bands")),
    ):
        with pytest.raises(NoPermissionError):
            await redis.execute_command(*command)
    await redis.aclose()
    await _only_reads(settings)
    async with OffsetReader(settings.kafka) as offsets:
        assert len(await offsets.end_offsets(keys.events_topic("bands"))) == keys.PARTITIONS
    async with AIOKafkaProducer(**settings.kafka.arguments()) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(keys.events_topic("bands"), b"{}")
    async with OffsetReader(settings.kafka) as offsets:
        with pytest.raises(KafkaError):
            await offsets.committed(keys.consumer_group("bands"), keys.events_topic("bands"))


async def _only_reads(settings: Settings) -> None:
    """Documents are found, and neither stored nor removed."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        settings.mongo_url, username=settings.mongo_username, password=settings.mongo_password
    )
    documents = client[keys.DATABASE][keys.logs_collection("bands")]
    await documents.find_one()
    with pytest.raises(OperationFailure, match="not authorized"):
        await documents.insert_one({"_id": "stranger"})
    with pytest.raises(OperationFailure, match="not authorized"):
        await documents.delete_many({"_id": "stranger"})
    await client.close()


def test_all_accounts_work_together(stack: OwnStack) -> None:
    """The stack is up, so consumer and producers reach their stores; a reading reaches all."""
    assert {pod["ready"] for pod in stack.status()["pods"]} == {True}
