"""Moves all documents from one server's data folder into that of another kind.

Both run for that time, each with its login. Everything is read back from the new server and
compared before the caller may use it; the old folder is only read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from host.errors import StackError
from stack.engines.mongo.apart import ensure_user_apart
from stack.engines.mongo.users import USER, serving
from stack.spec import ProcessSpec

if TYPE_CHECKING:
    from bson.raw_bson import RawBSONDocument
    from pymongo import AsyncMongoClient
    from pymongo.asynchronous.collection import AsyncCollection

_BATCH = 1_000
_SYSTEM = ("admin", "config", "local")
_TELL_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server of one kind on its own data folder."""

    port: int
    open: ProcessSpec
    """How it runs without a login, to make its user."""
    closed: ProcessSpec
    """How it runs with the login asked for."""


@dataclass
class MoveProgress:
    """How many documents were copied and compared, out of twice as many as there are."""

    tell: Callable[[str], None]
    total: int = 0
    done: int = 0
    begun: float = 0.0
    told: float = 0.0

    def add(self, documents: int) -> None:
        """So many more; now and then a line says how far it is."""
        self.done += documents
        now = time.monotonic()
        if now - self.told >= _TELL_EVERY and self.done:
            self.told = now
            share = min(1.0, self.done / max(1, self.total))
            left = (now - self.begun) / share * (1 - share)
            self.tell(f"moving the documents to the faster store: {share:.0%}, {left:.0f} s left")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a collection holds, whatever order it is read in."""

    documents: int
    digest: int
    indexes: dict[str, Any]


async def move(old: Server, new: Server, secret: str, tell: Callable[[str], None]) -> int:
    """Copies everything, and compares; how many documents there are.

    Raises StackError where a server does not run, or holds something else than the other in the
    end. The new data folder is then worth nothing.
    """
    from pymongo import AsyncMongoClient
    from pymongo.errors import PyMongoError

    login: dict[str, Any] = {"username": USER, "password": secret}
    await ensure_user_apart(new.open, new.port, secret)
    try:
        async with (
            serving(old.closed, old.port, login) as source,
            serving(new.closed, new.port, login) as target,
            AsyncMongoClient(source, **login) as reader,
            AsyncMongoClient(target, **login) as writer,
        ):
            return await _copied(reader, writer, MoveProgress(tell, begun=time.monotonic()))
    except PyMongoError as error:
        raise StackError(
            f"The documents were not moved: {str(error)[:200]}", "They stay where they are."
        ) from error


async def _copied(
    reader: AsyncMongoClient[Any], writer: AsyncMongoClient[Any], progress: MoveProgress
) -> int:
    pairs = []
    for database in await reader.list_database_names():
        if database not in _SYSTEM:
            for name in await reader[database].list_collection_names():
                pairs.append((_raw(reader, database, name), _raw(writer, database, name)))
    for source, _ in pairs:
        progress.total += 2 * await source.estimated_document_count()
    moved = 0
    for source, target in pairs:
        sent = await _copy(source, target, progress)
        found = await _contents(target, progress)
        if sent != found:
            raise StackError(
                f"The documents of {source.full_name} are not the same after they were moved: "
                f"{sent.documents} were read, {found.documents} arrived.",
                "They stay where they are. Say so to the developers.",
            )
        moved += sent.documents
    return moved


def _raw(
    client: AsyncMongoClient[Any], database: str, name: str
) -> AsyncCollection[RawBSONDocument]:
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument
    from pymongo import WriteConcern

    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    concern = WriteConcern("majority")
    return client[database].get_collection(name, codec_options=options, write_concern=concern)


async def _copy(
    source: AsyncCollection[RawBSONDocument],
    target: AsyncCollection[RawBSONDocument],
    progress: MoveProgress,
) -> Contents:
    """Indexes come last: then they are made in one go."""
    digest = count = 0
    batch: list[RawBSONDocument] = []
    async for document in source.find({}, batch_size=_BATCH):
        digest += _digest(document.raw)
        batch.append(document)
        if len(batch) == _BATCH:
            await target.insert_many(batch, ordered=False)
            progress.add(len(batch))
            count += len(batch)
            batch = []
    if batch:
        await target.insert_many(batch, ordered=False)
        progress.add(len(batch))
    indexes = await _indexes(source)
    for name, told in indexes.items():
        await target.create_index(list(told["key"].items()), **(told["options"] | {"name": name}))
    return Contents(count + len(batch), digest, indexes)


async def _contents(
    collection: AsyncCollection[RawBSONDocument], progress: MoveProgress
) -> Contents:
    digest = count = 0
    async for document in collection.find({}, batch_size=_BATCH):
        digest += _digest(document.raw)
        count += 1
        if count % _BATCH == 0:
            progress.add(_BATCH)
    progress.add(count % _BATCH)
    return Contents(count, digest, await _indexes(collection))


async def _indexes(collection: AsyncCollection[RawBSONDocument]) -> dict[str, Any]:
    """Name -> key and options, of all but the one on `_id`."""
    found = {}
    for name, told in (await collection.index_information()).items():
        if name != "_id_":
            options = {k: v for k, v in told.items() if k not in ("key", "v", "ns")}
            found[name] = {"key": dict(told["key"]), "options": options}
    return found


def _digest(raw: bytes | memoryview) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=16).digest())
