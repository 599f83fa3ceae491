"""Documents on their way into the store, by as many inserts at a time as it bears."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from services.consumer.pace import SLOTS, Pace
from services.queues.batch import Abandoned
from services.shared.dependencies import Dependency
from wire.documents import Document, Documents


class Writer:
    """Inserts of one process, of all its batches together."""

    def __init__(self, documents: Documents, store: Dependency) -> None:
        self._documents = documents
        self._store = store
        self._pace = Pace(documents.latency)

    async def write(
        self, collection: str, documents: Sequence[Document], abandoned: Abandoned
    ) -> None:
        """Returns when all are stored, each with the time at which it was sent (`stored`).

        Safe to repeat, as `Documents.insert` is. Raises AbandonedError.
        """
        rest = deque(documents)
        some = (self._write_some(collection, rest, abandoned) for _ in range(min(SLOTS, len(rest))))
        await asyncio.gather(*some)

    async def _write_some(
        self, collection: str, rest: deque[Document], abandoned: Abandoned
    ) -> None:
        """Takes from `rest` and inserts, until nothing is left there."""
        taken: list[Document] = []

        async def insert() -> None:
            async with self._pace.insert() as turn:
                while len(taken) > turn.most:  # the insert before this one was too much
                    rest.append(taken.pop())
                while rest and len(taken) < turn.most:
                    taken.append(rest.popleft())
                turn.had = len(taken)
                now = time.time_ns() // 1_000_000
                for document in taken:
                    document["stored"] = now
                await self._documents.insert(collection, taken)

        while rest:
            await self._store.ask(insert, abandoned)
            taken.clear()
