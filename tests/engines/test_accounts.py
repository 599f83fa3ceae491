"""Each account of the stores does its own work and nothing else, on the engines themselves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis as RedisClient
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from host.ports import Ports
from stack.engines.engine import Engine, NotReady
from stack.engines.mongo import Mongo
from stack.engines.mongo.programs import built_rust
from stack.engines.mongo.users import ping
from stack.engines.redis import Redis
from tests.conftest import ROOT
from tests.engines.running import running
from tests.ports import free_port
from tests.waiting import until
from wire import keys
from wire.accounts import ACCOUNTS
from wire.stores import redis_client

pytestmark = pytest.mark.engines

NAMES = [each.name for each in ACCOUNTS]
ACKNOWLEDGED = keys.acknowledged_key("bands")
QUEUE = keys.queue_key("bands", "loose")
FENCE, DISK = keys.committed_key("bands"), keys.disk_key("kafka")
SCRIPT = "redis.call('HSET', KEYS[1], 'a', '1') return redis.call('TIME')"
LOOK = "return redis.call('HGET', KEYS[1], 'f')"
SCAN = "return redis.call('KEYS', ARGV[1])"

WRITERS = {"consumer", "operator"}
NOT_AUTHORIZED = 13
"""Code of the document store's refusal."""

COMMANDS: dict[str, tuple[tuple[Any, ...], set[str]]] = {
    "ping": (("PING",), set(NAMES)),
    "publish acknowledged": (("HSET", ACKNOWLEDGED, "p", "1"), {"producer", *WRITERS}),
    "publish to a queue": (("PUBLISH", QUEUE, "e"), {"producer", "consumer"}),
    "count what was published": (("HINCRBY", QUEUE, "sent", 1), {"producer", *WRITERS}),
    "hear of a full disk": (("MGET", DISK), set(NAMES)),
    "read a fence": (("HGET", FENCE, "f"), set(NAMES) - {"producer"}),
    "look by a script": (("EVAL_RO", LOOK, 1, FENCE), set(NAMES) - {"producer"}),
    "write by a script that looks": (("EVAL_RO", SCRIPT, 1, FENCE), set()),
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
        user, password = _login(redis, "REDIS", name)
        client = redis_client(redis.address(), password or "", user or "")
        for title, (command, _) in COMMANDS.items():
            try:
                await client.execute_command(*command)
                done[title].add(name)
            except ResponseError as error:
                # a script is told of what it may not do in words of its own
                said = str(error)
                refused = "can't run this" in said or "not allowed from read-only" in said
                if not isinstance(error, NoPermissionError) and not refused:
                    raise
        await client.aclose()
    assert done == {title: allowed for title, (_, allowed) in COMMANDS.items()}


async def test_no_account_is_entered_with_the_secret_of_another(redis: Redis) -> None:
    secrets = [_login(redis, "REDIS", name)[1] for name in NAMES]
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


def _login(engine: Engine, store: str, account: str) -> tuple[str | None, str | None]:
    told = engine.variables(account)
    return told.get(f"{store}_USERNAME"), told.get(f"{store}_PASSWORD")


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
        assert mongo.variables("producer") == {}
        for name in NAMES:
            user, password = _login(mongo, "MONGO", name)
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


async def test_redis_of_a_cluster_lets_the_same_accounts_in(tmp_path: Path) -> None:
    """The shell of the manifest writes the accounts as Redis reads them."""
    documents = yaml.safe_load_all((ROOT / "k8s/components/redis/redis.yaml").read_text())
    pod = next(one for one in documents if one["kind"] == "StatefulSet")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    port, script = free_port(), container["args"][0]
    for old, new in {
        "port 6379": f"port {port}",
        "0.0.0.0": "127.0.0.1",
        "/data": str(tmp_path),
    }.items():
        assert old in script
        script = script.replace(old, new)
    given = {variable["name"]: f"of-{variable['name']}" for variable in container["env"]}
    env = {"PATH": os.environ["PATH"], **given}
    server = await asyncio.create_subprocess_exec(*container["command"], script, env=env)
    try:
        for name in NAMES:
            client = redis_client(
                f"redis://127.0.0.1:{port}/0", given[f"REDIS_PASSWORD_{name.upper()}"], name
            )

            async def in_by_then(client: RedisClient = client) -> bool:
                try:
                    return bool(await client.ping())
                except RedisConnectionError:
                    return False

            await until(in_by_then, f"{name} is let in")
            with pytest.raises(NoPermissionError):
                await client.flushall()
            await client.aclose()
    finally:
        server.terminate()
        await server.wait()


async def test_the_first_run_in_a_pod_makes_all_accounts(tmp_path: Path, ports: Ports) -> None:
    found = await built_rust()
    if found is None:
        pytest.skip("the Rust store is not built here")
    port, data = ports.choose("mongo"), tmp_path / "data"
    data.mkdir()
    secrets = {f"MONGO_PASSWORD_{each.name.upper()}": each.name for each in ACCOUNTS}
    words = (*found.command, "--host=127.0.0.1", "--port", str(port), f"--storage-path={data}")
    env = {**os.environ, "MONGO_USERNAME": "root", "MONGO_PASSWORD": "of-root", **secrets}
    for _ in range(2):
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stack.engines.mongo.first_user", str(data), "--", *words),
            cwd=ROOT,
            env=env,
        )
        assert await made.wait() == 0
    server = await asyncio.create_subprocess_exec(*words, "--auth", cwd=tmp_path)
    try:
        for each in ACCOUNTS:
            if not each.mongo:
                continue
            login = {"username": each.name, "password": each.name}

            async def in_by_then(login: dict[str, str] = login) -> bool:
                try:
                    await ping(f"mongodb://127.0.0.1:{port}/?directConnection=true", login)
                except NotReady:
                    return False
                return True

            await until(in_by_then, f"{each.name} is let in")
    finally:
        server.terminate()
        await server.wait()
