"""A room on production: nobody takes it for another, however the terminal draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controlroom.model.frame import Frame
from controlroom.model.marking import Marking
from controlroom.panes.header import painted
from controlroom.panes.look import Look
from controlroom.panes.sides import Sides
from tests.room import frames
from tests.room.rooms import room_of, screen_text, source_of
from tests.waiting import until

Compare = Callable[..., bool]


def production(frame: Frame, colour: str = "") -> Frame:
    """The same on a cluster that is declared production."""
    return replace(frame, target="prod-eu", marking=Marking(True, colour))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
def test_a_frame_and_a_word(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(room_of(production(frames.loaded(), "#005faf")), terminal_size=size)


def test_without_colour_and_in_ascii_too(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    room = room_of(production(frames.broken(), "#005faf"), ascii_only=True)
    assert snap_compare(room, terminal_size=(120, 40))


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("size", [(60, 15), (62, 17), (80, 24), (120, 40), (200, 60)], ids=str)
async def test_the_word_is_first_and_the_frame_is_where_it_fits(
    size: tuple[int, int], ascii_only: bool
) -> None:
    room = room_of(production(frames.broken()), ascii_only=ascii_only)
    async with room.run_test(size=size):
        lines = screen_text(room).splitlines()
        has_frame = size != (60, 15)
        assert lines[has_frame].strip("┃| ").startswith("PRODUCTION")
        assert all(len(line) == size[0] for line in lines)
        if has_frame:
            assert "PRODUCTION prod-eu" in lines[0]
            assert {line[0] + line[-1] for line in lines[1:-1]} == {"||" if ascii_only else "┃┃"}
            assert "PRODUCTION" in lines[-1]


async def test_the_frame_comes_and_goes_with_the_target() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=(120, 40)) as pilot:
        assert "PRODUCTION" not in screen_text(room)
        source_of(room).now = production(frames.loaded())
        room.tick()
        await until(lambda: screen_text(room).startswith("┏"), "the frame is there")
        await pilot.press("4", "enter")
        await until(lambda: room.screen is not room.room, "a page is open")
        await until(lambda: "room › fleet" in screen_text(room), "it is drawn")
        assert screen_text(room).startswith("┏")
        assert " PRODUCTION " in screen_text(room).splitlines()[1]
        await pilot.press("escape")
        source_of(room).now = frames.loaded()
        room.tick()
        await until(lambda: "PRODUCTION" not in screen_text(room), "it is gone")
        await until(lambda: room.room.header.size.width == 120, "all the room is used")


async def test_a_name_of_markup_is_only_text() -> None:
    frame = replace(frames.calm(), target="[red]x[/", marking=Marking(True))
    room = room_of(frame)
    async with room.run_test(size=(120, 40)):
        assert "PRODUCTION [red]x[/" in screen_text(room).splitlines()[0]


def test_side_by_side_the_word_stands_under_the_name() -> None:
    frame = frames.loaded()
    sides = Sides(Look())
    sides.frames = (replace(frame, target="stage"), production(frame))
    rows = [strip.text for strip in sides.compose_rows(frame, 120, 40)]
    assert rows[0].index("prod-eu") + len("prod-eu") == rows[1].index("PRODUCTION") + len(
        "PRODUCTION"
    )
    assert rows[1].count("PRODUCTION") == 1
    sides.frames = (frame, frame)
    assert not any("PRODUCTION" in strip.text for strip in sides.compose_rows(frame, 120, 40))


@pytest.mark.parametrize(("colour", "ink"), [("#ffd700", "#000000"), ("#00005f", "#ffffff")])
def test_a_name_can_be_read_on_its_colour(colour: str, ink: str) -> None:
    style = painted(colour)
    assert style.color is not None
    assert style.color.name == ink
