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
from wire.committed import read_committed
from wire.documents import Document, Documents
from wire.ranges import Range
from wire.tops import MOST, Ask, look

from .words import ORIGEN

MOST_LISTED = 500
"""Documents of one answer at most, and where nobody says how many."""


_WIDER, _WIDEST = 8, 1 << 16
"""How a range grows while it is empty, and offsets of one at most."""


class _Place(NamedTuple):
    tp: str
    o: int
    i: int


class Page(NamedTuple):
    """Some documents in the order in which their partitions have them."""

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
        await self._documents.ensure_index(self._logs, "origin", "tp", "o")

    async def page(self, after: str, limit: int, origin: str = "") -> Page:
        """Documents behind that with an id, of one origin or of all, partition by partition. It may
        have fewer than the limit, since those that were taken back are left out. Raises KeyError
        for an id that no document has."""
        found = await self._behind(await self._place(after), limit + 1, origin)
        more, found = len(found) > limit, found[:limit]
        hidden = await self._hidden([each["id"] for each in found])
        shown = [subscriber(each) for each in found if each["id"] not in hidden]
        return Page(shown, found[-1]["id"] if more else "")

    async def _place(self, event_id: str) -> _Place:
        if not event_id:
            return _Place("", -1, -1)
        found = await self._documents.with_value(self._logs, "id", event_id)
        if found is None:
            raise KeyError(event_id)
        return _place(found)

    async def _behind(self, start: _Place, n: int, origin: str) -> list[Document]:
        """The next `n` documents, asked by ranges that are bounded at both ends: stores that have
        no better plan read a range whole."""
        ranges = (await read_committed(self._redis, self._name)).ranges()
        equal: Document = {"origin": origin} if origin else {}
        found: list[Document] = []
        for wanted in sorted(ranges, key=lambda each: each.tp):
            if wanted.tp >= start.tp and len(found) < n:
                after = max(wanted.after, start.o - 1) if wanted.tp == start.tp else wanted.after
                wanted = Range(wanted.tp, after, wanted.upto)
                found += await self._within(wanted, n - len(found), start, equal)
        return found

    async def _within(
        self, wanted: Range, n: int, start: _Place, equal: Document
    ) -> list[Document]:
        found: list[Document] = []
        at, width = wanted.after, n
        while at < wanted.upto and len(found) < n:
            piece = Range(wanted.tp, at, min(wanted.upto, at + width))
            # one more, since the first may be where it starts
            there = await self._documents.first(self._logs, piece, n + 1, equal)
            found += [each for each in there if _place(each) > start]
            at = there[-1]["o"] if len(there) > n else piece.upto
            width = n if there else min(_WIDEST, width * _WIDER)
        return found[:n]

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


def _place(document: Document) -> _Place:
    return _Place(document["tp"], int(document["o"]), int(document.get("i", 0)))


def subscriber(document: Document) -> dict[str, Any]:
    """A stored event as the API shows it."""
    return {"_id": document["id"], **document["event"], ORIGEN: document["origin"]}
