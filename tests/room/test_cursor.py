"""The moment of the time axis that is looked at: figures under it, marks, ranges, back to live."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import RUNS, Curve, Frame
from controlroom.model.run import Runs, TimeMark
from controlroom.panes.cursor import Axis, Cursor
from controlroom.screens.run import RunPage
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

NOW = frames.NOW
BEFORE, AFTER, AGO = 100.0, 300.0, (150.0, 118.0)
"""Requests a second before a fault and after it, and how many seconds ago it began and ended."""


def stepped() -> Frame:
    """A rate that stands at one figure, is not known while a fault lasts, and stands at another."""
    points = tuple((NOW - ago, BEFORE if ago > AGO[0] else AFTER) for ago in range(290, -1, -1))
    known = tuple(one for one in points if not AGO[1] < NOW - one[0] <= AGO[0])
    run = frames.chaos_run()
    frame = frames.loaded().having(RUNS, frames.live(Runs((run,))))
    marks = (
        TimeMark(NOW - AGO[0], "fault", "kill", run.id),
        TimeMark(NOW - AGO[1], "recovered", "32.0 s", run.id),
    )
    return replace(frame, curves=(Curve("rps", "/s", known),), marks=marks)


def rate(room: ControlRoom) -> str:
    """What stands beside the name of the curve."""
    (found,) = re.findall(r"[│|] rps +([\d–]+) ", screen_text(room))
    return str(found)


def title(room: ControlRoom) -> str:
    (found,) = (line for line in screen_text(room).splitlines() if " 5 time " in line)
    return found


@pytest.fixture
def room() -> ControlRoom:
    return room_of(stepped())


async def test_the_figures_are_those_of_the_moment(room: ControlRoom) -> None:
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5")
        assert rate(room) == "300"
        await pilot.press("{")  # to the recovery
        assert rate(room) == "300"
        assert "AT " in title(room)
        assert "1.97 m ago" in title(room)
        await pilot.press("left", "left")
        assert rate(room) == "–", "nothing is made up where nothing was measured"
        await pilot.press("{", "left", "left")
        assert rate(room) == "100"
        await pilot.press("L")
        assert rate(room) == "300"
        assert "AT " not in title(room)
        assert "PAST" not in title(room)


async def test_the_axis_stands_still_under_the_cursor_and_moves_at_its_end(
    room: ControlRoom,
) -> None:
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        time = room.room.time
        assert time.until == NOW
        axis = Axis(NOW, time._step(time._columns(time.size.width - 4)), 0)
        for _ in range(2 * time.size.width):
            time.action_look(-1)
        assert time.until is not None
        assert time.until < NOW - axis.step
        assert time.cursor.at is not None
        assert time.until - time.window < time.cursor.at <= time.until
        await pilot.press("right", "L")
        assert time.until is None


async def test_a_range_has_its_own_figures_and_is_shown_alone(room: ControlRoom) -> None:
    async with room.run_test(size=(200, 60)) as pilot:
        await pilot.press("5", "z", "{", "m", "{")
        assert "enter shows it" in title(room)
        assert f"{AGO[0] - AGO[1]:g} s" in title(room)
        await pilot.press("m", "{", "left", "left", "m", "}", "}", "right")
        shown = screen_text(room)
        assert re.search(r"max +300", shown)
        assert re.search(r"min +100", shown)
        (mean,) = re.findall(r"avg +(\d+)", shown)
        assert BEFORE < int(mean) < AFTER
        await pilot.press("enter")
        time = room.room.time
        assert time.cursor.at is None
        assert AGO[0] - AGO[1] < time.window < AGO[0]
        assert "PAST" in title(room)
        await pilot.press("0")
        assert time.window == 300


async def test_enter_opens_the_run_of_the_mark(room: ControlRoom) -> None:
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "enter")
        assert room.screen is room.room, "no mark is looked at"
        await pilot.press("{", "enter")

        async def opened() -> bool:
            return isinstance(room.screen, RunPage)

        await until(opened, "the page of the run", 30)
        assert isinstance(room.screen, RunPage)
        assert room.screen.run == frames.chaos_run().id


async def test_a_recording_that_goes_back_behind_the_axis_lets_go_of_it(room: ControlRoom) -> None:
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "{")
        assert room.room.time.past
        room.room.show(replace(stepped(), now=NOW - 60))
        assert not room.room.time.past
        assert room.room.time.cursor.at is None
        assert "PAST" not in title(room)


async def test_in_ascii_the_cursor_is_a_bar() -> None:
    plain = room_of(stepped(), ascii_only=True)
    async with plain.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "z")
        before = screen_text(plain)
        await pilot.press("{")
        after = screen_text(plain)
        assert "AT " in title(plain)
        assert title(plain).isascii()
        assert after.count("|") > before.count("|")


def test_a_column_and_its_time_belong_together() -> None:
    axis = Axis(1_000.3, 1.5, 80)
    for column in (0, 1, 40, 79):
        assert axis.column(axis.time(column)) == column
    assert axis.column(axis.end) == 79
    assert axis.column(axis.end - 80 * 2 * 1.5) < 0


def test_a_range_goes_both_ways_and_may_reach_beyond_the_axis() -> None:
    axis, cursor = Axis(1_000.0, 1.0, 50), Cursor()
    assert cursor.columns(axis) == range(0)
    cursor.at = 990.0
    assert len(cursor.columns(axis)) == 1
    cursor.begin()
    cursor.at = 980.0
    assert cursor.span == (980.0, 990.0)
    assert len(cursor.columns(axis)) == 6
    cursor.at = 0.0
    assert cursor.columns(axis).start == 0
    cursor.begin()
    assert cursor.span is None
