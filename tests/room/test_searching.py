"""A search from the log on: in the documents and in Kafka, ended, and looked for anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from controlroom.model.finding import Found, RecordLine
from controlroom.model.log import LogLine
from controlroom.screens.page import Page
from controlroom.screens.pages import finding
from tests.room import frames
from tests.room.fakes import FakeHere
from tests.room.rooms import screen_text
from tests.room.test_drilling import WIDE, saying, shows
from tests.waiting import until

pytestmark = pytest.mark.long

RECORD = RecordLine(
    "bands.rejected", 1, 77, frames.NOW, "rejected, rank: is missing: {}", True, "grpc", "",
    (("id", "7"),), '{"name": "Nobody"}',
)  # fmt: skip


class Endless:
    """A search in the documents that never ends."""

    needs = ()
    closed = 0

    def __init__(self, *asked: object) -> None:
        """Whatever is looked for."""

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        type(self).closed += 1

    async def steps(self) -> AsyncIterator[Found]:
        """Nothing, for ever."""
        yield Found((), 0, 0, 4000)
        await asyncio.Event().wait()


class InKafka(Endless):
    """One in Kafka that finds a record, and another that cannot be read."""

    async def steps(self) -> AsyncIterator[Found]:
        """All in one step."""
        yield Found((RECORD,), 1, 30, 30, noun="records", unread=("bands.events p0 o3: torn",))


async def test_capital_k_looks_in_the_other_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "Finding", Endless)
    monkeypatch.setattr(finding, "KafkaFinding", InKafka)
    monkeypatch.setattr(finding, "LiveEndpoints", lambda target: None)
    monkeypatch.setattr(FakeHere, "located", None)
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter", "slash", *"nobody", "enter")
        await shows(room, "in documents")
        closed = Endless.closed
        await pilot.press("K")
        await shows(room, "1 hits in 30 of 30 records (100%)")
        assert Endless.closed == closed + 1, "the search that was on has ended"
        assert "cannot be read: bands.events p0 o3: torn" in screen_text(room)
        await pilot.press("Y")
        assert room.clipboard.startswith("$ controlroom logs --in kafka --grep nobody")
        await pilot.press("enter")
        await shows(room, "header id")
        assert "rejected, rank: is missing" in screen_text(room)
        await pilot.press("y")
        assert room.clipboard == '{"name": "Nobody"}'
        await pilot.press("escape", "K")
        await shows(room, "in documents")
        assert "torn" not in screen_text(room)


async def test_capital_k_shows_the_newest_records_where_nothing_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "KafkaFinding", InKafka)
    monkeypatch.setattr(finding, "LiveEndpoints", lambda target: None)
    monkeypatch.setattr(FakeHere, "located", None)
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter", "K")
        await shows(room, "in Kafka")
        await shows(room, "rejected, rank: is missing")


def hit(number: int) -> LogLine:
    """A line that was found."""
    return LogLine(0, number, frames.NOW, frames.NOW, f"voto Nobody {number}")


class Slow(Endless):
    """A search that has found three, and goes on for ever."""

    begun = 0

    async def steps(self) -> AsyncIterator[Found]:
        """Three at once."""
        type(self).begun += 1
        yield Found((hit(9), hit(8), hit(7)), 3, 2000, 4000)
        await asyncio.Event().wait()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> type[Slow]:
    """Both places are looked through without end."""
    for name in ("Finding", "KafkaFinding"):
        monkeypatch.setattr(finding, name, Slow)
    monkeypatch.setattr(finding, "LiveEndpoints", lambda target: None)
    monkeypatch.setattr(FakeHere, "located", None)
    return Slow


async def test_k_moves_up_on_the_log_and_among_the_hits_of_a_search(slow: type[Slow]) -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter")
        page = room.screen
        assert isinstance(page, Page)
        await pilot.press("home", "down", "down")
        lines = [page.chosen]
        await pilot.press("k", "j")
        lines += [page.chosen]
        assert room.screen is page, "no search has begun"
        assert [line.words for line in lines if line] == [lines[0].words] * 2  # type: ignore[union-attr]
        await pilot.press("slash", *"nobody", "enter")
        await shows(room, "3 hits in 2,000 of 4,000 events")
        found, begun = room.screen, slow.begun
        assert isinstance(found, Page)
        await pilot.press("down", "down", "k")
        assert found.chosen is not None
        assert "Nobody 8" in found.chosen.words
        assert slow.begun == begun, "the same search goes on"


async def test_esc_ends_a_search_and_keeps_its_hits_and_the_next_one_goes_back(
    slow: type[Slow],
) -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter")
        page = room.screen
        await pilot.press("slash", *"nobody", "enter")
        await shows(room, "looking: ")
        closed = slow.closed
        await pilot.press("escape")
        await until(lambda: slow.closed == closed + 1, "the search has ended")
        await shows(room, "3 hits in 2,000 of 4,000 events (50%) · ended")
        assert "voto Nobody 9" in screen_text(room)
        assert "looking" not in screen_text(room)
        begun = slow.begun
        await pilot.press("r")
        await until(lambda: slow.begun == begun + 1, "it is looked for anew")
        await shows(room, "looking: ")
        await pilot.press("escape")
        await shows(room, "ended")
        await pilot.press("escape")
        await until(lambda: room.screen is page, "the page below")


async def test_esc_before_anything_was_answered_ends_the_search_too(
    slow: type[Slow], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(search: Slow) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(slow, "open", hangs)
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter", "slash", *"nobody", "enter")
        await shows(room, "asking")
        await pilot.press("escape")
        await shows(room, "nothing was found")
        assert "asking" not in screen_text(room)
        await pilot.press("K")
        await shows(room, "in Kafka")
        assert "ended" not in screen_text(room)
