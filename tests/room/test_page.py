"""Pages above the room: where one is, keys, questions that wait, fail and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import Frame
from controlroom.screens.page import Line, Page
from controlroom.targets.abilities import Unreachable
from tests.room import frames
from tests.room.rooms import room_of, screen_text

SIZES = [(60, 16), (120, 40)]


class Words(Page):
    """Sixty lines, each of which opens the same again."""

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Numbered."""
        style = self.below.look.text
        return [
            Line(((f"line {n}", style),), opens=lambda n=n: Words(self.below, f"l{n}"))  # type: ignore[misc]
            for n in range(60)
        ]


class Asking(Page):
    """Asks what the test lets it have."""

    every = 0.05

    def __init__(self, room: ControlRoom) -> None:
        super().__init__(room.below, "asking")
        self.gate = asyncio.Event()
        self.away = False
        self.asked = 0

    async def load(self) -> None:
        """Waits, fails or answers."""
        self.asked += 1
        await self.gate.wait()
        if self.away:
            raise Unreachable("Redis cannot be reached.", "See `controlroom status`.")

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """One."""
        return [Line((("the answer", self.below.look.text),))]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_says_where_one_is_and_esc_goes_back_one_page(size: tuple[int, int]) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=size) as pilot:
        room.push_screen(Words(room.below, "fleet", "consumer"))
        await pilot.press("j", "j", "enter")
        assert "room › fleet › consumer › l2" in screen_text(room)
        await pilot.press("G")
        assert "line 59" in screen_text(room)
        assert f"of {60}" in screen_text(room)
        await pilot.press("q")
        assert "fleet › consumer " in screen_text(room)
        await pilot.press("escape")
        assert room.screen is room.room


async def test_a_question_waits_fails_and_comes_back_and_never_holds_up_a_key() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        page = Asking(room)
        room.push_screen(page)
        await pilot.pause()
        page.draw()
        assert "asking…" in screen_text(room)
        page.gate.set()
        await _until(pilot, lambda: "the answer" in screen_text(room))
        page.away = True
        await _until(pilot, lambda: "Redis cannot be reached." in screen_text(room))
        assert "the answer" in screen_text(room), "what was known stays"
        page.away = False
        await pilot.press("r")
        await _until(pilot, lambda: "cannot be reached" not in screen_text(room))
        await pilot.press("escape")
        asked = page.asked
        await asyncio.sleep(0.2)
        assert page.asked == asked, "a page that was left asks nothing"


async def test_the_number_of_a_panel_goes_back_to_it_and_stop_all_is_reached() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 40)) as pilot:
        room.push_screen(Words(room.below, "a"))
        await pilot.press("enter", "z", "4")
        assert room.screen is room.room
        assert room.room.current == "fleet"
        assert not room.room.zoomed
        room.push_screen(Words(room.below, "a"))
        await pilot.press("exclamation_mark")
        assert "stop" in screen_text(room).casefold()
        await pilot.press("escape")
        assert isinstance(room.screen, Words)


async def test_copying_takes_the_row_or_all_of_them() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        room.push_screen(Words(room.below, "a"))
        await pilot.press("j", "y")
        assert room.clipboard == "line 1"
        await pilot.press("Y")
        assert room.clipboard.splitlines()[59] == "line 59"


async def _until(pilot: object, there: object) -> None:
    async with asyncio.timeout(30):
        while not there():  # type: ignore[operator]
            await pilot.pause(0.02)  # type: ignore[attr-defined]
