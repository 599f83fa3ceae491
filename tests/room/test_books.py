"""What the books panel says beside its usual rows."""

from __future__ import annotations

from dataclasses import replace

from controlroom.model.frame import BOOKS
from tests.room import frames
from tests.room.rooms import room_of, screen_text


async def _rows(repeated: int, purged: int) -> list[str]:
    sample = frames.books()
    books = replace(sample.books, repeated=repeated, purged=purged)
    frame = frames.calm()
    room = room_of(frame.having(BOOKS, replace(frame[BOOKS], value=replace(sample, books=books))))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        return [row for row in screen_text(room).splitlines() if "repeated" in row]


async def test_events_that_were_sent_again_or_purged_are_named_where_there_are_any() -> None:
    assert await _rows(0, 0) == []
    (row,) = await _rows(2_150, 40)
    assert "books · 2,150 repeated · 40 purged" in row
