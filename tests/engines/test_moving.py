"""Documents move from the slower document store to the faster one, whole or not at all."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, Int64, ObjectId
from pymongo import AsyncMongoClient

from host.errors import StackError
from host.paths import engine_dir, private_dir
from host.ports import Ports
from stack.engines.mongo import Mongo
from stack.engines.mongo.programs import (
    CHOICE_VARIABLE,
    PYTHON_SERVER,
    RUST_SERVER,
    built_rust,
    keep,
    kept_kind,
)
from tests.engines.running import start, stop, when_ready

pytestmark = pytest.mark.engines

EVENTS: list[dict[str, Any]] = [
    {"_id": f"t:1#{n}", "tp": "t:1", "o": n, "at": Int64(1 << 41), "event": {"a": [n, "ü"]}}
    for n in range(2_500)
]
ODDS: list[dict[str, Any]] = [
    {"_id": ObjectId(), "text": "", "none": None, "yes": True, "float": 0.1, "big": 1 << 40},
    {"_id": 7, "bytes": Binary(b"\0\xff", 5), "when": datetime.datetime(2026, 1, 2, 3, 4, 5)},
    {"_id": "nested", "deep": {"z": {"a": [{}, [], {"b": 1}]}, "": 2}},
]

Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture
async def rust() -> None:
    if await built_rust() is None:
        pytest.skip("the Rust document store is not built: cargo is not here")


@asynccontextmanager
async def opened(state: Path) -> AsyncIterator[tuple[Mongo, Client]]:
    """The document store of a state folder, prepared and running, and a client of it."""
    mongo = Mongo(state, Ports(state))
    await mongo.prepare(print)
    spec = mongo.spec()
    assert spec is not None
    child = await start(spec, state / "log")
    try:
        await when_ready(mongo, child)
        login: dict[str, Any] = {"username": mongo.username, "password": mongo.secret()}
        async with AsyncMongoClient(mongo.address(), **login) as client:
            yield mongo, client
    finally:
        await stop(child, spec)


async def fill(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents in the slower store, and a request that is over."""
    with monkeypatch.context() as asked:
        asked.setenv(CHOICE_VARIABLE, "python")
        keep(private_dir(engine_dir(state, "mongo")), PYTHON_SERVER)
        async with opened(state) as (_, client):
            await client["controlroom"]["bands.logs"].insert_many(EVENTS)
            await client["controlroom"]["bands.logs"].create_index([("tp", 1), ("o", 1)])
            await client["other"]["odds"].insert_many(ODDS)
            await client["other"]["odds"].create_index([("text", -1)], name="by text")
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    assert kept_kind(engine_dir(state, "mongo")) == PYTHON_SERVER


async def told(client: Client) -> Any:
    """All documents, and the keys of all indexes."""
    logs, odds = client["controlroom"]["bands.logs"], client["other"]["odds"]
    return (
        await logs.find({}).sort("o", 1).to_list(),
        sorted(await odds.find({}).to_list(), key=repr),
        {name: index["key"] for name, index in (await logs.index_information()).items()},
        {name: index["key"] for name, index in (await odds.index_information()).items()},
    )


@pytest.mark.usefixtures("rust")
async def test_documents_move_to_the_faster_store_with_types_and_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path, monkeypatch)
    async with opened(tmp_path) as (mongo, client):
        assert mongo.version == RUST_SERVER
        assert await told(client) == (
            EVENTS,
            sorted(ODDS, key=repr),
            {"_id_": [("_id", 1)], "tp_1_o_1": [("tp", 1), ("o", 1)]},
            {"_id_": [("_id", 1)], "by text": [("text", -1)]},
        )
        await client["controlroom"]["bands.logs"].insert_one({"_id": "later"})
    folder = engine_dir(tmp_path, "mongo")
    assert (folder / "data").exists(), "kept until the faster store has served"
    async with opened(tmp_path) as (mongo, client):
        assert mongo.version == RUST_SERVER
        assert await client["controlroom"]["bands.logs"].count_documents({}) == len(EVENTS) + 1
    assert not (folder / "data").exists()


@pytest.mark.usefixtures("rust")
@pytest.mark.parametrize("moment", ["cut off", "something is missing"])
async def test_a_move_that_fails_leaves_everything_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    from stack.engines.mongo import moving

    await fill(tmp_path, monkeypatch)
    honest = moving._contents

    async def failing(collection: Any, progress: moving.MoveProgress) -> moving.Contents:
        if moment == "cut off":
            raise StackError("the new server died", "")
        await collection.delete_one({"_id": "t:1#77"})
        return await honest(collection, progress)

    with monkeypatch.context() as broken:
        broken.setattr(moving, "_contents", failing)
        async with opened(tmp_path) as (mongo, client):
            assert mongo.version == PYTHON_SERVER
            assert mongo.trouble
            assert (await told(client))[0] == EVENTS
    async with opened(tmp_path) as (mongo, client):
        assert (mongo.version, mongo.trouble) == (RUST_SERVER, "")
        assert (await told(client))[0] == EVENTS
