"""What is counted beside the loop needs the index of the documents, and sees to it."""

from __future__ import annotations

import asyncio

import pytest
from pymongo import AsyncMongoClient

from services.consumer import auditing
from services.consumer.auditing import Auditing
from tests.consumer.rig import Rig
from tests.waiting import until
from wire import keys
from wire.ending import end


async def test_an_index_that_is_gone_is_made_again(
    bands: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that lost its data while consumers went on: its new documents had none for ever."""
    monkeypatch.setattr(auditing, "_INDEX_EVERY", 0.5)
    work = Auditing(bands.name, bands.redis, bands.documents, "consumer-0")
    task = asyncio.create_task(work.run())
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(bands.engines.mongo)
    logs = client[keys.DATABASE][keys.logs_collection(bands.name)]

    async def there() -> bool:
        found = await logs.index_information()
        return any(each["key"] == [("tp", 1), ("o", 1)] for each in found.values())

    try:
        await until(there, "the index", 30)
        await logs.drop()
        await logs.insert_one({"_id": "t:0-0", "tp": "t:0", "o": 0})
        await until(there, "the index, made again", 30)
    finally:
        await end([task])
        await client.close()
