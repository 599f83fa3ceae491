"""Pages of stored events for the view that shows them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.text import clean
from controlroom.model.tallies import Chosen, Selection, Tallies, TallyChoice, TallyRow
from scenarios.derived import label_of, worded
from scenarios.scenario import ORIGIN, Scenario
from scenarios.views.kinds.stored import StoredView
from wire.stored import PAGES, ROWS, FilterError, Wanted, cells, filtered, page

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from wire.committed import Committed
    from wire.documents import Document, Documents

_FRESH = 1.0
"""Seconds for which a page is not read again, as it costs a question for each partition."""


class StoredPages:
    """Reads the pages of one scenario; connects at the first one.

    `chosen` is a filter, such as `location=Guatemala`, and the number of a page, as texts.
    """

    def __init__(self, where: AskAddress, scenario: Scenario) -> None:
        self._where = where
        self._scenario = scenario
        self._documents: Documents | None = None
        self._last: tuple[object, float, Tallies | None] = (None, 0.0, None)

    async def read(self, redis: Redis, view: StoredView, chosen: Chosen) -> Tallies:
        """One page now. Raises DocumentsError, RedisError."""
        from wire.committed import read_committed

        question, at, answer = self._last
        if answer is not None and question == (view, chosen) and time.monotonic() - at < _FRESH:
            return answer
        committed = await read_committed(redis, self._scenario.name)
        answer = await self._page(committed, view, chosen)
        self._last = ((view, chosen), time.monotonic(), answer)
        return answer

    async def close(self) -> None:
        """Ends the connection."""
        documents, self._documents = self._documents, None
        self._last = (None, 0.0, None)
        if documents is not None:
            await documents.close()

    async def _page(self, committed: Committed, view: StoredView, chosen: Chosen) -> Tallies:
        totals = committed.totals
        stored = max(0, totals.counted - totals.purged)
        pages = [str(n + 1) for n in range(max(1, min(PAGES, -(-stored // ROWS))))]
        text, number = (*chosen, "", "")[:2]
        number = number if number in pages else pages[0]
        found, trouble = [], ""
        try:
            column, value = filtered(self._scenario, view, text)
            wanted = Wanted(int(number), column=column, value=value)
            found = await page(self._scenario, committed, await self._store(), wanted)
        except FilterError as error:
            trouble = str(error)
        return Tallies(
            tuple(self._label(name) for name in view.columns),
            tuple(self._row(view, document) for document in found),
            totals.counted,
            self._scenario.noun,
            drawn=view.drawn,
            remark=trouble,
            selections=(
                Selection("Filter", (), text, free=True),
                Selection("Page", tuple(TallyChoice(each, each) for each in pages), number),
            ),
        )

    def _row(self, view: StoredView, document: Document) -> TallyRow:
        values = cells(self._scenario, view.columns, document)
        labels = worded(self._scenario, view.columns, map(str, values.values()))
        return TallyRow(tuple(map(clean, labels)), 0, None, str(document["_id"]))

    def _label(self, name: str) -> str:
        return "Origin" if name == ORIGIN else label_of(self._scenario, name)

    async def _store(self) -> Documents:
        from wire.documents import Documents

        if self._documents is None:
            self._documents = Documents(await self._where(), timeout=5.0)
        return self._documents
