"""The stored events as subscribers: found by id, listed by pages, changed and taken back.

The books count documents, so none ever goes: what is taken back is named in a collection beside
them, and is seen by nobody who asks here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from scenarios.scenario import Scenario
from wire import keys
from wire.documents import Document, Documents
from wire.tops import MOST, Ask, look

from .words import ORIGEN

MOST_LISTED = 500
"""Documents of one answer at most, and where nobody says how many."""


class Page(NamedTuple):
    """Some documents in the order of their ids."""

    subscribers: list[dict[str, Any]]
    after: str
    """The id behind which it goes on; empty at the end."""


class Subscribers:
    """The stored events of one scenario. Methods raise DocumentsError or RedisError."""

    def __init__(self, scenario: Scenario, redis: Redis, documents: Documents) -> None:
        self._name = scenario.name
        self._origins = keys.counter_key(self._name, scenario.tally("origins").key)
        self._redis = redis
        self._documents = documents
        self._logs = keys.logs_collection(self._name)
        self._removed = keys.removed_collection(self._name)

    async def prepare(self) -> None:
        """Makes the indexes that the questions need."""
        await self._documents.ensure_index(self._logs, "id")
        await self._documents.ensure_index(self._logs, "origin", "id")

    async def page(self, after: str, limit: int, origin: str = "") -> Page:
        """Documents behind an id, of one origin or of all. It may have fewer than the limit, since
        those that were taken back are left out."""
        equal: Document = {"origin": origin} if origin else {}
        found = await self._documents.following(self._logs, equal, "id", after, limit)
        hidden = await self._hidden([each["id"] for each in found])
        shown = [subscriber(each) for each in found if each["id"] not in hidden]
        return Page(shown, found[-1]["id"] if len(found) == limit else "")

    async def one(self, event_id: str) -> dict[str, Any] | None:
        """One document; None where there is none."""
        found = await self._found(event_id)
        return subscriber(found) if found else None

    async def change(self, event_id: str, fields: Mapping[str, str]) -> dict[str, Any] | None:
        """The document with other values in some of its fields. The counters go on saying what
        came: what was counted is not counted again."""
        found = await self._found(event_id)
        if found is None:
            return None
        changed = {f"event.{name}": value for name, value in fields.items()}
        await self._documents.change(self._logs, found["_id"], changed)
        return subscriber({**found, "event": {**found["event"], **fields}})

    async def take_back(self, event_id: str) -> bool:
        """Whether the document was there until now."""
        found = await self._found(event_id)
        if found is None:
            return False
        gone = {"_id": event_id, "origin": found["origin"]}
        return await self._documents.add_new(self._removed, gone)

    async def totals(self) -> dict[str, int]:
        """Origin -> events that were stored, less those that were taken back. Kept counters: a
        purge lowers them no more than it lowers any other tally."""
        (top,) = (await look(self._redis, self._name, [Ask("hash", self._origins, MOST)])).tops
        totals = {row.member: row.count for row in top.rows}
        for origin, number in (await self._documents.numbers(self._removed, "origin")).items():
            totals[origin] = max(0, totals.get(origin, 0) - number)
        return totals

    async def _found(self, event_id: str) -> Document | None:
        found = await self._documents.with_value(self._logs, "id", event_id)
        if found is None or await self._hidden([event_id]):
            return None
        return found

    async def _hidden(self, ids: Sequence[str]) -> set[str]:
        return await self._documents.named(self._removed, ids) if ids else set()


def subscriber(document: Document) -> dict[str, Any]:
    """A stored event as the API shows it."""
    return {"_id": document["id"], **document["event"], ORIGEN: document["origin"]}
