"""Stored events as JSON, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from scenarios.scenario import Scenario
from scenarios.templates import render
from services.reader.errors import RequestError
from wire import keys, problems
from wire.committed import read_committed
from wire.documents import Document, Documents

DEFAULT = 20
MOST = 500


def wanted_lines(text: str | None) -> int:
    """How many documents a request asks for. Raises RequestError."""
    if text is None:
        return DEFAULT
    if len(text) < 10 and text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    raise RequestError(
        problems.BAD_QUERY, f"last is {text!r}", f"set last to a whole number from 1 to {MOST}"
    )


async def newest(
    scenario: Scenario, redis: Redis, documents: Documents, last: int
) -> list[dict[str, Any]]:
    """The newest documents that are counted too. Raises RedisError or DocumentsError."""
    return [_entry(scenario, found) for found in await stored(scenario, redis, documents, last)]


async def stored(
    scenario: Scenario, redis: Redis, documents: Documents, last: int
) -> list[Document]:
    """The same as documents."""
    committed_offsets = await read_committed(redis, scenario.name)
    collection = keys.logs_collection(scenario.name)
    return await documents.newest(collection, committed_offsets.ranges(), last)


def _entry(scenario: Scenario, document: Document) -> dict[str, Any]:
    return {
        "data": render(scenario.log_line, document["event"]),
        "createdat": _time(document["stored"]),
        "producedat": _time(document["at"]),
        "id": document["id"],
        "origin": document["origin"],
        "partition": int(document["tp"].rpartition(":")[2]),
        "offset": document["o"],
        "event": document["event"],
    }


def _time(milliseconds: int) -> str:
    when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
