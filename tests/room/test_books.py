"""What the books panel says beside its usual rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "counting 25% · "), (42.0, "counting 25% · 42s left"), (190.0, "· 3m left")],
)
async def test_a_count_that_goes_on_says_how_far_and_how_long(
    seconds: float | None, told: str
) -> None:
    sample = frames.books(in_flight=0)
    books = replace(sample.books, unaudited=sample.books.taken * 3 // 4)
    sample = replace(sample, books=books, seconds_left=seconds)
    frame = frames.calm()
    room = room_of(frame.having(BOOKS, replace(frame[BOOKS], value=sample)))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        text = screen_text(room)
    (title,) = (row for row in text.splitlines() if "counting" in row)
    assert told in title
    assert (" left" in title) == (seconds is not None)
    # the figures so far are there, and those that are not sure are not told as faults
    assert f"{books.taken:,}" in text
    assert "do not close" not in text
