"""A room on the wall goes from panel to panel and takes no keys."""

from __future__ import annotations

import pytest
from textual import events

from controlroom.app import ControlRoom
from controlroom.commands.catalogue import PANES
from controlroom.commands.registry import with_key
from controlroom.layouts import SHIPPED
from controlroom.model.frame import Frame
from controlroom.screens.confirm import Confirm
from controlroom.screens.help import HelpDialog
from controlroom.screens.page import Page
from controlroom.screens.wall import ALLOWED
from tests.room import frames, pages
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import calls_of, room_of, screen_text, source_of
from tests.room.test_keys import opened
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE, SMALL = (120, 40), (80, 24)
SENTENCE = "The wall takes no keys: A ends it."


def seen(room: ControlRoom) -> list[str]:
    """The panels that are shown."""
    return [name for name in PANES if room.room.parts[name].display]


def press_mouse(room: ControlRoom, panel: str) -> None:
    """As the terminal says it."""
    region = room.room.parts[panel].region
    x, y = region.x + 4, region.y + 3
    room.post_message(events.MouseDown(None, x, y, 0, 0, 1, False, False, False, x, y))


def hung(frame: Frame, read_only: bool = False) -> ControlRoom:
    """A room whose wall goes on by hand only."""
    room = room_of(frame, read_only=read_only)
    room.wall.seconds = 3600
    return room


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_it_shows_all_panels_then_each_alone_and_begins_again(size: tuple[int, int]) -> None:
    room = hung(frames.calm())
    async with room.run_test(size=size) as pilot:
        await pilot.press("3", "A")
        before = seen(room)
        assert len(before) == (len(PANES) if size == WIDE else len(before))
        assert " wall " in screen_text(room)
        for name in PANES:
            room.wall.step()
            await pilot.pause()
            assert seen(room) == [name]
        room.wall.step()
        await pilot.pause()
        assert seen(room) == before
        room.wall.step()
        await pilot.press("A")
        assert " wall " not in screen_text(room)
        assert seen(room) == before
        assert room.room.current == "books", "as it was before"
        assert not room.room.zoomed


async def test_a_layout_of_some_panels_shows_these() -> None:
    room = hung(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        room.room.lay_out(SHIPPED["log"])
        await pilot.press("A")
        for wanted in (["log"], ["traffic"], ["traffic", "log"]):
            room.wall.step()
            await pilot.pause()
            assert seen(room) == wanted
        await pilot.press("A")
        assert room.room.layout_now == SHIPPED["log"]


async def test_of_the_tallies_it_shows_another_view_each_time_round() -> None:
    room = hung(pages.frame("top"))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("A")
        room.wall.step()
        assert room.room.tallies.chosen[0] == "top", "the first time as it is"
        for _ in room.wall.stations:
            room.wall.step()
        assert room.room.tallies.chosen[0] == "gender"


@pytest.mark.parametrize("read_only", [False, True])
async def test_no_key_but_three_does_anything(read_only: bool) -> None:
    room = hung(frames.loaded(), read_only=read_only)
    keys = [key for one in with_key(False) if one.id not in ALLOWED for key in one.key.split(",")]
    keys += ["up", "down", "escape", "pageup", "j", "g", "left", "m"]
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("A")
        shown, focus = seen(room), room.room.current
        await pilot.press(*keys)
        await until(lambda: SENTENCE in screen_text(room), "it says how to leave")
        assert room.screen is room.room
        assert (seen(room), room.room.current) == (shown, focus)
        assert room.room.log_pane.following
        assert room.wall.on
        press_mouse(room, "log")
        await pilot.press("escape")
        assert room.room.current == focus, "nor the mouse"
        await pilot.press("A", "4")
        assert room.room.current == "fleet", "at its end keys are there again"
        press_mouse(room, "log")
        await until(lambda: room.room.current == "log", "and the mouse")
    assert calls_of(room) == []


async def test_help_opens_and_from_there_nothing_else_does() -> None:
    room = hung(frames.loaded())
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("A", "question_mark")
        await opened(room, HelpDialog)
        room.wall.step()
        assert seen(room) == list(PANES), "it waits below the help"
        await pilot.press("exclamation_mark")
        await until(lambda: SENTENCE in screen_text(room), "it is refused")
        assert not isinstance(room.screen, Confirm)
        await pilot.press("escape", "escape")
        await until(lambda: room.screen is room.room, "the room again")
        assert room.wall.on
    assert calls_of(room) == []


async def test_quit_leaves() -> None:
    room = hung(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("A", "q")
    assert room.return_code == 0


async def test_a_page_is_closed_and_a_held_screen_goes_on() -> None:
    room = hung(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("p", "i")
        await until(lambda: isinstance(room.screen, Page), "a page")
        await pilot.press("A")
        assert room.screen is room.room
        assert room.paused_at is None
        assert room.wall.on


async def test_it_goes_on_by_its_own_clock() -> None:
    source = FixedSource(frames.calm())
    room = ControlRoom(
        source, RecordedCommands(), clock=lambda: frames.NOW, wall=True, wall_seconds=1
    )
    async with room.run_test(size=WIDE):
        await until(lambda: room.wall.on, "it opens as a wall")
        await until(lambda: seen(room) == ["tallies"], "the first panel alone")
        await until(lambda: seen(room) == ["traffic"], "the next one")
        assert source_of(room).asked > 0


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_footer_names_what_there_is(size: tuple[int, int]) -> None:
    room = hung(frames.calm())
    async with room.run_test(size=size) as pilot:
        await pilot.press("A")
        last = screen_text(room).splitlines()[-1].split()
        assert last == ["A", "wall", "?", "help", "q", "quit"]
