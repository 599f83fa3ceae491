"""Documents of a scenario in MongoDB. The only module that knows the driver.

Every question names one partition (`tp`) and a range of offsets that is bounded on both sides,
so that its cost follows the size of the range and never the size of the collection.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ASCENDING, DESCENDING, WriteConcern
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from wire import keys
from wire.ranges import WINDOW, Age, Range

Document = dict[str, Any]

CONNECTIONS = 16
"""Connections of one process at most, with their questions; the rest of them wait. A newcomer's
store has a thread for each and takes 1,000 in all."""

REPAIR_SECONDS = 3_600.0
"""Longest time of a question that reads a whole collection."""

_DUPLICATE_KEY = 11_000
_SELECTION_MS = 2_000
_CHUNK = 1_000
_GOODBYE = 1.0


class DocumentsError(Exception):
    """The document store does not answer, or would not do it now; worth trying again."""


class Documents:
    """The document store, connected at first use and again after a loss.

    Every method raises DocumentsError where the store does not answer within the timeout.
    """

    def __init__(
        self, url: str, username: str = "", password: str = "", timeout: float = 5.0
    ) -> None:
        milliseconds = int(timeout * 1000)
        options: dict[str, Any] = {}
        if username:
            options = {"username": username, "password": password}
        if _names_one_server(url):
            # the server's own idea of its address would lead around a link with a fault on it
            options["directConnection"] = True
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=min(milliseconds, _SELECTION_MS),
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds * 2,
            maxPoolSize=CONNECTIONS,
            **options,
        )

    async def close(self) -> None:
        """Ends the connections; a store that does not answer is not waited for.

        The driver says goodbye to the store and waits for its answer. That takes a thread: the
        connection may be forwarded by this very loop, which would wait for itself.
        """
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def goodbye() -> None:
            self._client.close()
            # a loop that waited no longer may have ended
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=goodbye, name="documents-close", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await ended.wait()

    async def ping(self) -> None:
        """Returns when the store answers."""
        async with _answering():
            await self._client.admin.command("ping")

    async def latency(self) -> float:
        """Seconds until the store answers a question that is no work for it."""
        began = time.monotonic()
        await self.ping()
        return time.monotonic() - began

    async def ensure_indexes(self, scenario: str) -> None:
        """Makes the index of both collections of a scenario where it is missing."""
        async with _answering():
            for name in (keys.logs_collection(scenario), keys.rejected_collection(scenario)):
                await self._collection(name).create_index([("tp", ASCENDING), ("o", ASCENDING)])

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        """Stores documents for good; those that are there already are left alone.

        Returns how many were new. Safe to repeat, in part or as a whole.
        """
        new = 0
        async with _answering():
            for start in range(0, len(documents), _CHUNK):
                new += await self._insert_chunk(collection, documents[start : start + _CHUNK])
        return new

    async def _insert_chunk(self, collection: str, documents: Sequence[Document]) -> int:
        try:
            await self._collection(collection).insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return _inserted(error)
        return len(documents)

    async def count(self, collection: str, wanted: Range) -> int:
        """Documents in a range, asked window by window."""
        total = 0
        async with _answering():
            for window in wanted.windows():
                total += await self._collection(collection).count_documents(window.query)
        return total

    async def find(self, collection: str, wanted: Range) -> list[Document]:
        """Documents of a range in the order of their offsets; the range is the bound."""
        found: list[Document] = []
        async with _answering():
            for window in wanted.windows():
                cursor = self._collection(collection).find(window.query)
                found.extend(await cursor.to_list(None))
        return sorted(found, key=_place)

    async def given(self, collection: str, wanted: Range) -> list[Document]:
        """`id`, `o` and `at` of a range's documents whose id a client gave, by offset."""
        fields = {"id": 1, "o": 1, "at": 1, "once": 1}
        found: list[Document] = []
        async with _answering():
            for window in wanted.windows():
                # local stores use the whole index only for questions that name its fields alone
                cursor = self._collection(collection).find(window.query, fields)
                found += [each for each in await cursor.to_list(None) if each.get("once")]
        return sorted(found, key=_place)

    async def find_each(self, collection: str, ranges: Sequence[Range]) -> list[list[Document]]:
        """Documents of several ranges; per range in the order of their offsets.

        A question for each: for one question with `$or` a newcomer's store reads the whole
        collection.
        """
        return await asyncio.gather(*(self.find(collection, wanted) for wanted in ranges))

    async def ages(self, collection: str, wanted: Range) -> list[Age]:
        """Place and time of the documents of a range, in the order of their offsets."""
        found: list[Age] = []
        async with _answering():
            for window in wanted.windows():
                cursor = self._collection(collection).find(window.query, {"o": 1, "stored": 1})
                found += [Age(int(d["o"]), int(d["stored"])) for d in await cursor.to_list(None)]
        return sorted(found)

    async def newest(self, collection: str, ranges: Sequence[Range], n: int) -> list[Document]:
        """The newest `n` documents by the time they were stored, newest first.

        `ranges`: per partition from what was purged to the last known offset. Only the last
        `n` offsets of each are looked at, and more of them while too few documents were there.
        """
        width = n
        while True:
            tails = [Range(r.tp, max(r.after, r.upto - width), r.upto) for r in ranges]
            async with _answering():
                parts = await asyncio.gather(*(self._tail(collection, r, n) for r in tails))
            found = [document for part in parts for document in part]
            exhausted = all(tail.after == r.after for tail, r in zip(tails, ranges, strict=True))
            if len(found) >= n or exhausted:
                return sorted(found, key=_age, reverse=True)[:n]
            width *= 8

    async def newest_matching(
        self, collection: str, ranges: Sequence[Range], n: int, matching: Document, reach: int
    ) -> list[Document]:
        """The newest `n` documents that have the values of `matching`, newest first.

        Window by window from the ends of the ranges, in all of them at once, until enough are found
        or `reach` offsets of each were looked at: what is older is not found.
        """
        found: list[Document] = []
        for back in range(0, reach, WINDOW):
            tails = [
                Range(r.tp, max(r.after, r.upto - back - WINDOW), r.upto - back)
                for r in ranges
                if r.upto - back > r.after
            ]
            async with _answering():
                asked = (self._tail(collection, tail, n, matching) for tail in tails)
                found += [document for part in await asyncio.gather(*asked) for document in part]
            if len(found) >= n or not tails:
                break
        return sorted(found, key=_age, reverse=True)[:n]

    async def matching(self, collection: str, wanted: Range, equal: Document) -> list[Document]:
        """Documents of a range, no wider than a window, whose fields are as `equal` has them; the
        store compares."""
        async with _answering():
            query = {**wanted.query, **equal}
            return await self._collection(collection).find(query).to_list(None)

    async def newest_of(self, collection: str, wanted: Range, n: int) -> list[Document]:
        """The last `n` documents of one range by their offsets, the last one first."""
        async with _answering():
            return await self._tail(collection, wanted, n)

    async def _tail(
        self, collection: str, wanted: Range, n: int, matching: Document | None = None
    ) -> list[Document]:
        if wanted.after >= wanted.upto:
            return []
        order = [("o", DESCENDING)]
        query = {**wanted.query, **(matching or {})}
        cursor = self._collection(collection).find(query).sort(order).limit(n)
        return await cursor.to_list(n)

    async def last_offsets(self, collection: str) -> dict[str, int]:
        """`tp` -> largest offset, of every partition that has documents; reads its index through.

        For repairs: the only question whose cost follows the size of the collection, so it may
        take as long as that takes.
        """
        async with _answering():
            with pymongo.timeout(REPAIR_SECONDS):
                cursor = self._collection(collection).aggregate(
                    [{"$group": {"_id": "$tp", "last": {"$max": "$o"}}}]
                )
                rows = await cursor.to_list(None)
        return {row["_id"]: int(row["last"]) for row in rows}

    async def delete(self, collection: str, wanted: Range) -> int:
        """Removes the documents of a range, window by window; returns how many there were."""
        total = 0
        async with _answering():
            for window in wanted.windows():
                answer = await self._collection(collection).delete_many(window.query)
                total += answer.deleted_count
        return total

    async def clear(self, collection: str, wanted: Range) -> int:
        """The same for a wide range with hardly a document in it; the cost follows those."""
        total = 0
        async with _answering():
            while found := await self._collection(collection).find(wanted.query).to_list(1):
                first = int(found[0]["o"])
                near = Range(wanted.tp, first - 1, min(wanted.upto, first - 1 + WINDOW))
                total += (await self._collection(collection).delete_many(near.query)).deleted_count
        return total

    async def note_low_watermark(self, scenario: str, tp: str, low_watermark: int) -> None:
        """Keeps that documents of a partition were removed on purpose up to an offset."""
        async with _answering():
            await self._collection(keys.low_watermarks_collection(scenario)).update_one(
                {"_id": tp}, {"$max": {"o": low_watermark}}, upsert=True
            )

    async def low_watermarks(self, scenario: str) -> dict[str, int]:
        """`tp` -> offset up to which documents were, or were about to be, removed on purpose."""
        async with _answering():
            found = (
                await self._collection(keys.low_watermarks_collection(scenario))
                .find({})
                .to_list(None)
            )
            return {row["_id"]: int(row["o"]) for row in found}

    async def keep_once(self, collection: str, document: Document) -> Document:
        """Stores a document where none has its `_id`; answers the one that is there."""
        async with _answering():
            with contextlib.suppress(DuplicateKeyError):
                await self._collection(collection).insert_one(dict(document))
            found = await self._collection(collection).find_one({"_id": document["_id"]})
            return found or document

    async def change(self, collection: str, name: str, fields: Document) -> None:
        """Sets fields of the document `name` where there is one."""
        async with _answering():
            await self._collection(collection).update_one({"_id": name}, {"$set": fields})

    async def raise_to(self, collection: str, name: str, field: str, value: int) -> None:
        """Raises a field of the document `name`, which is made where it is missing."""
        async with _answering():
            await self._collection(collection).update_one(
                {"_id": name}, {"$max": {field: value}}, upsert=True
            )

    async def ensure_index(self, collection: str, *fields: str) -> None:
        """Makes an index where it is missing."""
        async with _answering():
            await self._collection(collection).create_index([(each, ASCENDING) for each in fields])

    async def first(
        self, collection: str, wanted: Range, n: int, equal: Document
    ) -> list[Document]:
        """The first `n` documents of a range, and all others of the last record, whose other fields
        are as `equal` has them; there must be an index of these before `tp` and `o`. The cost
        follows how many the range has."""
        async with _answering():
            cursor = self._collection(collection).find({**equal, **wanted.query})
            found = await cursor.sort([("o", ASCENDING)]).limit(n).to_list(n)
            if len(found) == n:
                last = Range(wanted.tp, found[-1]["o"] - 1, found[-1]["o"])
                cursor = self._collection(collection).find({**equal, **last.query})
                found = [each for each in found if each["o"] <= last.after]
                found += await cursor.to_list(None)
        return sorted(found, key=_place)

    async def with_value(self, collection: str, field: str, value: str) -> Document | None:
        """One document with that value in a field that has an index."""
        async with _answering():
            found = await self._collection(collection).find({field: value}).to_list(1)
        return found[0] if found else None

    async def named(self, collection: str, names: Sequence[str]) -> set[str]:
        """Those of the names that are the `_id` of a document."""
        async with _answering():
            found = self._collection(collection).find({"_id": {"$in": list(names)}}, {"_id": 1})
            return {each["_id"] for each in await found.to_list(None)}

    async def add_new(self, collection: str, document: Document) -> bool:
        """Whether the document was stored; not where its `_id` is there."""
        async with _answering():
            try:
                await self._collection(collection).insert_one(dict(document))
            except DuplicateKeyError:
                return False
        return True

    async def numbers(self, collection: str, field: str) -> dict[str, int]:
        """Value of a field -> documents that have it; for collections that stay small."""
        async with _answering():
            cursor = self._collection(collection).aggregate(
                [{"$group": {"_id": f"${field}", "number": {"$sum": 1}}}]
            )
            return {row["_id"]: int(row["number"]) for row in await cursor.to_list(None)}

    async def all_of(self, collection: str) -> list[Document]:
        """Every document; for collections that stay small."""
        async with _answering():
            return await self._collection(collection).find({}).to_list(None)

    async def audits(self, scenario: str) -> list[Document]:
        """What was counted and kept of each partition."""
        async with _answering():
            return await self._collection(keys.audits_collection(scenario)).find({}).to_list(None)

    async def keep_audit(self, scenario: str, document: Document) -> None:
        """Keeps what was counted of a partition, in the place of what was kept before."""
        async with _answering():
            await self._collection(keys.audits_collection(scenario)).replace_one(
                {"_id": document["_id"]}, document, upsert=True
            )

    async def drop(self, scenario: str) -> None:
        """Removes all collections of a scenario, indexes included; takes as long as it takes.

        Documents go before their collection: a newcomer's store gives a document that is deleted
        a share of a commit, and a collection that is dropped a commit for each of its keys, in
        which it answers nobody.
        """
        names = (
            keys.logs_collection(scenario),
            keys.rejected_collection(scenario),
            keys.low_watermarks_collection(scenario),
            keys.lives_collection(scenario),
            keys.audits_collection(scenario),
            keys.removed_collection(scenario),
        )
        async with _answering():
            with pymongo.timeout(REPAIR_SECONDS):
                for name in names:
                    await self._collection(name).delete_many({})
                    await self._collection(name).drop()

    def _collection(self, name: str) -> AsyncIOMotorCollection[Document]:
        concern = WriteConcern("majority")
        return self._client[keys.DATABASE].get_collection(name, write_concern=concern)


def _names_one_server(url: str) -> bool:
    """A plain address, and not a word about a replica set or how to find one."""
    hosts, _, query = url.removeprefix("mongodb://").partition("?")
    told = any(option in query for option in ("replicaSet", "directConnection"))
    return url.startswith("mongodb://") and "," not in hosts and not told


def _place(document: Document) -> tuple[int, int]:
    return document["o"], document.get("i", 0)


def _age(document: Document) -> tuple[int, int, int, int]:
    return document["stored"], document["at"], document["o"], document.get("i", 0)


def _inserted(error: BulkWriteError) -> int:
    details = error.details or {}
    errors = details.get("writeErrors", [])
    others = [entry for entry in errors if entry.get("code") != _DUPLICATE_KEY]
    if others or details.get("writeConcernErrors"):
        raise error
    return int(details.get("nInserted", 0))


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise DocumentsError(_sentence(error)) from error


def _sentence(error: PyMongoError) -> str:
    text = str(error).split(", Timeout:")[0].split(" (configured timeouts")[0]
    return f"MongoDB: {text[:200]}"
