"""Pages of a scenario in the room: going from one to the next, and the map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import TALLIES
from controlroom.model.quantiles import quantiles
from controlroom.panes.look import Look
from controlroom.panes.world.choropleth import WorldMap
from controlroom.panes.world.outlines import REGIONS, WORLD, outlines, region_of
from controlroom.panes.world.raster import raster
from tests.room import frames, pages
from tests.room.rooms import room_of, screen_text, source_of

pytestmark = pytest.mark.long

SIZES = [(80, 24), (120, 40), (200, 60)]


def show(room: ControlRoom, view: str) -> None:
    """Answers with another page."""
    source = source_of(room)
    source.now = pages.frame(view)
    room.tick()


async def test_a_key_goes_from_page_to_page_and_a_country_goes_along() -> None:
    room = room_of(pages.frame("map"))
    async with room.run_test(size=(120, 40)) as pilot:
        pane = room.room.tallies
        await pilot.pause()
        assert list(pane.chosen) == ["map", "GT"], "the cursor begins at the highest"
        await pilot.press("2", "w")
        assert list(pane.chosen) == ["top"]
        assert room.room.pane is pane, "the page is brought to the screen"
        show(room, "top")
        await pilot.press("w")
        assert list(pane.chosen) == ["gender"]
        show(room, "gender")
        assert list(pane.chosen) == ["gender", "MX"]
        await pilot.press("right")
        assert list(pane.chosen) == ["gender", "US"]
        await pilot.press("w")
        assert list(pane.chosen) == ["ages", "US"]
        show(room, "ages")
        await pilot.press("w")
        assert list(pane.chosen) == ["latest", "US"]
        show(room, "latest")
        await pilot.press("w", "w")
        assert list(pane.chosen) == ["map", "US"], "views that are passed by change nothing"
        show(room, "map")
        assert "‹United States› US" in screen_text(room)
        await pilot.press("left", "W", "W", "W")
        country = pane._picked["country"]
        assert country != ("US",)
        assert list(pane.chosen) == ["ages", *country]


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ("map", "controlroom tallies --view map"),
        ("gender", "controlroom tallies --view gender --country MX"),
        ("stored", "controlroom tallies --view stored --filter gender=F"),
    ],
)
async def test_the_command_of_a_page_is_copied(view: str, line: str) -> None:
    room = room_of(pages.frame(view))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("C")
        await pilot.pause()
        assert room.clipboard == line


async def test_a_view_of_another_scenario_is_forgotten() -> None:
    room = room_of(pages.frame("gender"))
    room.room.tallies.chosen = ("4", "Argentina:Francia")
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert room.room.tallies.chosen == ("gender", "MX")


async def test_a_filter_is_typed_on_the_page_that_has_one() -> None:
    room = room_of(pages.frame("stored"))
    async with room.run_test(size=(120, 40)) as pilot:
        pane = room.room.tallies
        await pilot.pause()
        assert list(pane.chosen) == ["stored", "gender=F", "3"]
        await pilot.press("right")
        assert list(pane.chosen) == ["stored", "gender=F", "4"]
        await pilot.press("slash")
        await pilot.pause()
        for key in ("ctrl+u", "a", "g", "e", "equals_sign", "9", "enter"):
            await pilot.press(key)
        await pilot.pause()
        assert list(pane.chosen) == ["stored", "age=9"]
        await pilot.press("6", "slash")
        await pilot.pause()
        assert "filter the log" in screen_text(room)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_map_says_in_signs_and_letters_what_its_colours_say(
    size: tuple[int, int], ascii_only: bool
) -> None:
    room = room_of(pages.frame("map"), ascii_only=ascii_only)
    async with room.run_test(size=size) as pilot:
        await pilot.press("z")
        await pilot.pause()
        shown = screen_text(room)
        signs = "#+-." if ascii_only else "⣿⢕⠡⠂"
        for sign, word in zip(signs, ("high", "middle", "low", "none"), strict=True):
            assert f"{sign * 2} {word}" in shown
            assert shown.count(sign) > 12
        assert "unknown 37" in shown
        if size[0] >= 120:
            assert "H Guatemala" in shown
            assert "L El Salvador" in shown
        await pilot.press("enter", "down")
        await pilot.pause()
        assert "Central America" in screen_text(room)
        await pilot.press("enter")
        await pilot.pause()
        assert "world" in screen_text(room)


async def test_a_map_is_drawn_again_only_when_a_third_the_cursor_or_the_size_changes() -> None:
    room = room_of(pages.frame("map"))
    async with room.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        drawn = room.room.tallies.world
        made, rasters = drawn.made, raster.cache_info().misses
        value = pages.page("map")
        for more in range(1, 5):
            first = replace(value.rows[0], count=value.rows[0].count + more)
            changed = replace(value, total=value.total + more, rows=(first, *value.rows[1:]))
            source_of(room).now = pages.frame("map").having(TALLIES, frames.live(changed))
            room.tick()
            await pilot.pause()
            assert f"{first.count:,}" in screen_text(room)
        assert (drawn.made, raster.cache_info().misses) == (made, rasters)
        await pilot.press("right")
        await pilot.pause()
        assert drawn.made == made + 1
        assert raster.cache_info().misses == rasters, "the outlines are not filled again"


def test_every_country_can_be_reached_from_every_other_by_arrows() -> None:
    drawn = WorldMap(Look())
    reached, left = {"GT"}, ["GT"]
    while left:
        here = left.pop()
        for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = drawn.stepped(here, *step)
            if there not in reached:
                reached.add(there)
                left.append(there)
    inside = {c for c, o in outlines().items() if REGIONS[WORLD].holds(o.middle)}
    assert len(inside - reached) <= 12, inside - reached


def test_page_keys_go_by_rank_and_leave_the_region_for_it() -> None:
    drawn, value = WorldMap(Look()), pages.page("map")
    drawn.zoom("GT")
    assert drawn.region == region_of(outlines()["GT"].middle) != WORLD
    seen = ["GT"]
    for _ in pages.COUNTS:
        seen.append(drawn.ranked(value, seen[-1], 1))
    ranked = [code for code in pages.COUNTS if code != "unknown"]
    assert seen[: len(ranked)] == ranked
    assert drawn.stepped("nowhere", 1, 0) == "nowhere"


@pytest.mark.parametrize(
    ("counts", "thirds"),
    [
        ({}, {}),
        ({"A": 0}, {}),
        ({"A": 5}, {"A": "high"}),
        ({"A": 5, "B": 5, "C": 5}, dict.fromkeys("ABC", "high")),
        ({"A": 1, "B": 2, "C": 3}, {"A": "low", "B": "middle", "C": "high"}),
        (
            {"A": 1, "B": 1, "C": 1, "D": 9, "E": 50, "F": 60},
            {"A": "middle", "B": "middle", "C": "middle", "D": "middle", "E": "high", "F": "high"},
        ),
    ],
)
def test_thirds_are_by_number_and_equal_counts_are_in_the_same(
    counts: dict[str, int], thirds: dict[str, Any]
) -> None:
    assert quantiles(counts).thirds == thirds
