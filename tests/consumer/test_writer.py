"""Many consumers on a store that is slower than they: it is never kept busy with what was given up.

The newcomer's store carries out one insert of a collection at a time, and goes on with those that
a client has given up.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from services.consumer.pace import LEAST, MOST
from services.consumer.writer import Writer
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Liveness, ReadinessGate
from tests.own_stack import PYTHON
from tests.stores import documents_of
from wire import keys
from wire.documents import Document, Documents, DocumentsError
from wire.ending import end
from wire.ranges import Range

CONSUMERS = 5
EACH = 4 * MOST
"""Documents of each consumer, as a batch has: all at once they take the store far longer than a
client waits for one insert."""
SHARE = 0.1
"""Part of the time in which the store may run, as beside processes that keep all cores busy."""
SCENARIO = "bands"
LOGS = keys.logs_collection(SCENARIO)

pytestmark = pytest.mark.processes


class Told(Documents):
    """Documents that know how many went into each insert, and which were given up."""

    def __init__(self, url: str, most: int = MOST) -> None:
        super().__init__(url)
        self._most = most
        self.sizes: list[int] = []
        self.given_up = 0

    async def insert(self, collection: str, documents: Sequence[Document]) -> int:
        self.sizes.append(len(documents))
        try:
            if len(documents) > self._most:
                raise DocumentsError("too much at a time")
            return await super().insert(collection, documents)
        except DocumentsError:
            self.given_up += 1
            raise


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    """A newcomer's store of this test alone."""
    with documents_of(PYTHON, tmp_path) as url:
        yield url


@asynccontextmanager
async def held_back(url: str) -> AsyncIterator[None]:
    """The store runs for a part of the time only, while the block does."""
    port = urlsplit(url).port
    (store,) = (
        child
        for child in psutil.Process().children()
        if any(at.laddr.port == port for at in child.net_connections("tcp"))
    )

    async def hold() -> None:
        while True:
            os.kill(store.pid, signal.SIGSTOP)
            await asyncio.sleep(0.1 * (1 - SHARE))
            os.kill(store.pid, signal.SIGCONT)
            await asyncio.sleep(0.1 * SHARE)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        await end((holding,))
        os.kill(store.pid, signal.SIGCONT)


def votes(member: int, count: int) -> list[Document]:
    """Documents of a partition from its beginning."""
    return [
        {"_id": f"t:{member}:{o}", "tp": f"t:{member}", "o": o, "id": f"{member}-{o}", "at": 1}
        | {"name": "Caifanes", "album": "El Silencio", "year": 1992, "rank": 3}
        for o in range(count)
    ]


async def write(documents: Documents, member: int, count: int) -> None:
    """As a consumer does it."""
    near = Dependency(ReadinessGate("mongo"), Liveness("loop", 300.0), (DocumentsError,), Busy())
    await Writer(documents, near).write(LOGS, votes(member, count), lambda: False)


@pytest.mark.timeout(300)
async def test_a_store_that_many_consumers_write_to_stores_all_and_is_seldom_given_up(
    store: str,
) -> None:
    all_of_them = [Told(store) for _ in range(CONSUMERS)]
    await all_of_them[0].ensure_indexes(SCENARIO)
    async with held_back(store), asyncio.timeout(240):
        await asyncio.gather(
            *(write(documents, n, EACH) for n, documents in enumerate(all_of_them))
        )
    first = all_of_them[0]
    for member in range(CONSUMERS):
        assert await first.count(LOGS, Range(f"t:{member}", -1, EACH - 1)) == EACH
    sent = sum(len(each.sizes) for each in all_of_them)
    given_up = sum(each.given_up for each in all_of_them)
    halved = (MOST // LEAST).bit_length()
    assert given_up <= halved * CONSUMERS, f"{given_up} of {sent} inserts were given up"
    for each in all_of_them:
        await each.close()


async def test_what_was_too_much_for_one_insert_goes_into_the_next_ones(store: str) -> None:
    documents = Told(store, most=LEAST)
    await write(documents, 0, MOST)
    assert documents.sizes[:5] == [1000, 500, 250, 125, LEAST]
    assert await documents.count(LOGS, Range("t:0", -1, MOST)) == MOST
    await documents.close()
