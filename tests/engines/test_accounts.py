"""Each account of the stores does its own work and nothing else, on the engines themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis as RedisClient
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from stack.engines.mongo import Mongo
from stack.engines.mongo.programs import built_rust
from stack.engines.redis import Redis
from stack.ports import Ports
from tests.engines.running import running
from wire import keys
from wire.accounts import ACCOUNTS
from wire.stores import redis_client

NAMES = [each.name for each in ACCOUNTS]
ACKNOWLEDGED = keys.acknowledged_key("bands")
FENCE, DISK = keys.fence_key("bands"), keys.disk_key("kafka")
SCRIPT = "redis.call('HSET', KEYS[1], 'a', '1') return redis.call('TIME')"
SCAN = "return redis.call('KEYS', ARGV[1])"

WRITERS = {"consumer", "operator"}
NOT_AUTHORIZED = 13
"""Code of the document store's refusal."""

COMMANDS: dict[str, tuple[tuple[Any, ...], set[str]]] = {
    "ping": (("PING",), set(NAMES)),
    "publish acknowledged": (("HSET", ACKNOWLEDGED, "p", "1"), {"producer", *WRITERS}),
    "hear of a full disk": (("MGET", DISK), set(NAMES)),
    "read a fence": (("HGET", FENCE, "f"), set(NAMES) - {"producer"}),
    "move a fence": (("EVAL", SCRIPT, 1, FENCE), WRITERS),
    "remove a tally": (("DEL", "{bands}:votes"), WRITERS),
    "say that a disk is full": (("SET", DISK, "x"), WRITERS),
    "rebuild": (("EVAL", SCAN, 0, "{bands}:*"), {"operator"}),
    "a key of others": (("GET", "theirs"), set()),
    "empty the server": (("FLUSHALL",), set()),
    "empty the database": (("FLUSHDB",), set()),
    "look at the logins": (("ACL", "LIST"), set()),
    "change the server": (("CONFIG", "SET", "appendonly", "no"), set()),
    "end the server": (("SHUTDOWN", "NOSAVE"), set()),
    "watch what others say": (("MONITOR",), set()),
}  # fmt: skip
"""What is tried -> the command, and who may do it."""


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return Ports(tmp_path)


@pytest.fixture
async def redis(tmp_path: Path, ports: Ports) -> AsyncIterator[Redis]:
    engine = Redis(tmp_path, ports)
    async with running(engine, tmp_path):
        yield engine


async def test_redis_lets_each_account_do_its_own_work_only(redis: Redis) -> None:
    done: dict[str, set[str]] = {title: set() for title in COMMANDS}
    for name in NAMES:
        user, password = redis.login(name)
        client = redis_client(redis.address(), password or "", user)
        for title, (command, _) in COMMANDS.items():
            try:
                await client.execute_command(*command)
                done[title].add(name)
            except ResponseError as error:
                # a script is told of what it may not do in words of its own
                if not isinstance(error, NoPermissionError) and "can't run this" not in str(error):
                    raise
        await client.aclose()
    assert done == {title: allowed for title, (_, allowed) in COMMANDS.items()}


async def test_no_account_is_entered_with_the_secret_of_another(redis: Redis) -> None:
    secrets = [redis.login(name)[1] for name in NAMES]
    assert len({*secrets, redis.secret()}) == len(NAMES) + 1
    for name, other in zip(NAMES, secrets[1:] + secrets[:1], strict=True):
        client: RedisClient = redis_client(redis.address(), other or "", name)
        with pytest.raises(AuthenticationError):
            await client.ping()
        await client.aclose()


WORK = {
    "read": {"consumer", "reader", "viewer", "operator"},
    "store": WRITERS,
    "index": WRITERS,
    "remove": WRITERS,
    "drop all": set(),
    "read others": set(),
    "make users": set(),
}
"""What is tried in the document store -> who may do it."""


async def tried(client: AsyncMongoClient[dict[str, Any]], what: str) -> None:
    logs = client[keys.DATABASE]["bands.logs"]
    if what == "read":
        await logs.find_one()
    elif what == "store":
        await logs.insert_one({"o": 1})
    elif what == "index":
        await logs.create_index([("tp", 1), ("o", 1)])
    elif what == "remove":
        await logs.delete_many({"o": 1})
    elif what == "drop all":
        await client.drop_database(keys.DATABASE)
    elif what == "read others":
        await client["theirs"]["logs"].find_one()
    else:
        await client.admin.command("createUser", "stranger", pwd="x", roles=["root"])


@pytest.mark.parametrize("store", ["python", "rust"])
async def test_the_document_store_lets_each_account_do_its_own_work_only(
    tmp_path: Path, ports: Ports, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store == "rust" and await built_rust() is None:
        pytest.skip("the Rust store is not built here")
    monkeypatch.setenv("CONTROLROOM_DOCUMENT_STORE", store)
    mongo = Mongo(tmp_path, ports)
    done: dict[str, set[str]] = {what: set() for what in WORK}
    async with running(mongo, tmp_path):
        assert mongo.login("producer")[1] is None
        for name in NAMES:
            user, password = mongo.login(name)
            if password is None:
                continue
            client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                mongo.address(), username=user, password=password
            )
            for what in WORK:
                try:
                    await tried(client, what)
                    done[what].add(name)
                except OperationFailure as error:
                    if error.code != NOT_AUTHORIZED:
                        raise
            await client.close()
    assert done == WORK
