"""Stored events as JSON, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from scenarios.scenario import Scenario
from scenarios.templates import render
from scenarios.views.kinds.stored import StoredView
from services.reader.errors import RequestError
from wire import keys, problems
from wire.committed import read_committed
from wire.documents import Document, Documents
from wire.stored import PAGES, FilterError, Wanted, cells, filtered
from wire.stored import page as stored_page

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


async def page(
    scenario: Scenario,
    view: StoredView,
    redis: Redis,
    documents: Documents,
    query: Mapping[str, str],
) -> dict[str, Any]:
    """A page of stored events: `page`, `last` rows of each, and a column with its value.

    Raises RequestError, RedisError or DocumentsError.
    """
    number, last = query.get("page", "1"), wanted_lines(query.get("last"))
    if not (len(number) < 4 and number.isdecimal() and 1 <= int(number) <= PAGES):
        fix = f"set page to a whole number from 1 to {PAGES}"
        raise RequestError(problems.BAD_QUERY, f"page is {number!r}", fix)
    given = [f"{name}={value}" for name, value in query.items() if name not in ("page", "last")]
    try:
        column, value = filtered(scenario, view, given[0] if given else "")
    except FilterError as error:
        raise RequestError(problems.BAD_QUERY, str(error), "filter by one column") from None
    committed = await read_committed(redis, scenario.name)
    wanted = Wanted(int(number), last, column, value)
    found = await stored_page(scenario, committed, documents, wanted)
    rows = [
        {**cells(scenario, view.columns, each), "id": each["id"], "producedat": _time(each["at"])}
        for each in found
    ]
    return {"scenario": scenario.name, "page": int(number), "rows": rows}


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
