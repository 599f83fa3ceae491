"""How far an audit is while documents are counted, on real stores that are held back."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from controlroom.commands import books as command
from controlroom.commands import face
from controlroom.feeds import books as feed
from controlroom.feeds.endpoints import LiveEndpoints
from tests.feeds.world import FixedTarget
from tests.wire.filled import EVENTS, Filled
from wire import bookkeeping, keys
from wire.bookkeeping import Auditor
from wire.committed import read_committed
from wire.document_count import DocumentCount
from wire.documents import Documents
from wire.ranges import WINDOW, Range

SHORT = 0.05
"""Seconds of a question's time; what is held back lasts longer whatever this is."""


class Held(Documents):
    """A document store that answers a question only once it is let."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        super().__init__(url, timeout=timeout)
        self.asked: list[Range] = []
        self._waiting: asyncio.Future[None] | None = None

    async def count(self, collection: str, wanted: Range) -> int:
        """As Documents does it, later."""
        self.asked.append(wanted)
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting
        return await super().count(collection, wanted)

    def let(self) -> None:
        """Lets the question that waits, if one does."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.set_result(None)


async def test_a_question_that_outlasts_its_time_is_answered_later(filled: Filled) -> None:
    rig = filled.rig
    store = Held(rig.engines.mongo)
    auditor = Auditor(rig.name, rig.redis, rig.account, store)
    for _ in range(3):
        books = await auditor.audit(SHORT)
        assert (books.unaudited, books.lost, books.closed) == (EVENTS, 0, False)
    # who asked gives up, as the feed of a room does after its timeout
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(auditor.audit(), SHORT)
    assert store.asked == [Range(filled.tp, -1, WINDOW - 1)], "nothing was asked again"
    store.let()
    assert (await auditor.audit()).unaudited == EVENTS - WINDOW
    assert len(store.asked) == 1, "the answer was used, and no question was put again"
    await auditor.close()
    await store.close()


async def test_a_count_goes_on_though_its_time_was_over_before_it_began(filled: Filled) -> None:
    count = DocumentCount(filled.rig.name, filled.rig.documents)
    ranges = (await read_committed(filled.rig.redis, filled.rig.name)).ranges()
    over = time.monotonic() - 1
    left = [await count.advance(ranges, over) for _ in range(3)]
    assert left == [EVENTS - WINDOW, EVENTS - 2 * WINDOW, 0]
    assert count.total == EVENTS


async def test_how_long_it_will_take_follows_from_how_fast_it_went(filled: Filled) -> None:
    rig = filled.rig
    store = Held(rig.engines.mongo)
    auditor = Auditor(rig.name, rig.redis, rig.account, store)
    await auditor.audit(SHORT)
    store.let()
    left = (await auditor.audit()).unaudited
    assert left == EVENTS - WINDOW
    assert auditor.seconds_left(left) is None, "nothing has told yet how fast it goes"
    began = time.monotonic()
    await auditor.audit(SHORT)
    store.let()
    left = (await auditor.audit()).unaudited
    assert left == EVENTS - 2 * WINDOW
    took = time.monotonic() - began
    seconds = auditor.seconds_left(left)
    assert seconds is not None
    assert SHORT * left / WINDOW * 0.9 <= seconds <= took * left / WINDOW
    await auditor.close()
    await store.close()


async def test_the_command_says_how_far_it_is_and_how_long_it_takes(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = filled.rig
    stores: list[Held] = []
    lines: list[str] = []

    def opened(url: str, timeout: float) -> Documents:
        stores.append(Held(url, timeout))
        return stores[-1]

    class Said(face.Terminal):
        def talk(self, text: str) -> None:
            lines.append(text)
            stores[0].let()

    monkeypatch.setattr(bookkeeping, "Documents", opened)
    monkeypatch.setattr(feed, "WITHIN", SHORT)
    monkeypatch.setattr(command, "_SAY_EVERY", 0.0)
    endpoints = LiveEndpoints(FixedTarget(rig.engines))  # type: ignore[arg-type]
    token = face.FACE.set(Said())
    try:
        books = await command._audited(endpoints, rig.scenario, exact=False)
    finally:
        face.FACE.reset(token)
    assert (books.stored, books.unaudited, books.lost) == (EVENTS, 0, 0)
    assert keys.logs_collection(rig.name) == filled.logs
    assert lines[0] == "counting documents: 0%"
    share = 2 * WINDOW / EVENTS
    assert re.fullmatch(rf"counting documents: {share:.0%}, \d+s left", lines[-1]), lines
