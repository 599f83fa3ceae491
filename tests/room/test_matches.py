"""n and N go from match to match: in the panel of the log, its page, a pod's page, of hits."""

from __future__ import annotations

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import LOG, Frame
from controlroom.model.matches import NONE_HERE, NOTHING
from tests.room import frames
from tests.room.rooms import room_of, screen_text, source_of
from tests.room.test_drilling import saying, shows
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE, SMALL = (120, 40), (80, 24)
WORD = "caifanes"


def with_log(first: int, count: int = 400) -> Frame:
    """A frame whose ring begins at line `first`."""
    return frames.calm().having(LOG, frames.live(frames.log_view(count, first)))


def fitting(first: int, count: int = 400) -> list[int]:
    """Offsets of its lines that hold the word."""
    lines = frames.log_view(count, first).lines
    return [line.offset for line in lines if WORD in line.text.casefold()]


def gone_to(room: ControlRoom) -> int:
    """Offset of the match under the sign."""
    sign = room.look.signs.run
    row = next(row for row in screen_text(room).splitlines() if f"{sign}voto" in row)
    return int(row.split(" o")[1].split(sign)[0])


@pytest.mark.parametrize("size", [WIDE, SMALL])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_they_go_from_match_to_match_and_round(
    size: tuple[int, int], ascii_only: bool
) -> None:
    room, found = room_of(with_log(1000), ascii_only=ascii_only), fitting(1000)
    async with room.run_test(size=size) as pilot:
        await pilot.press("6", "z")
        room.room.log_pane.search(WORD)
        await pilot.press("n")
        assert gone_to(room) == found[-1], "the newest is the first that is gone to"
        assert f"match {len(found)} of {len(found)} " in screen_text(room)
        await pilot.press("N")
        assert gone_to(room) == found[-2]
        assert f"match {len(found) - 1} of {len(found)} " in screen_text(room)
        await pilot.press("n", "n")
        assert gone_to(room) == found[0]
        assert f"match 1 of {len(found)}, wrapped to the first" in screen_text(room)
        await pilot.press("N")
        assert gone_to(room) == found[-1]
        assert "wrapped to the last" in screen_text(room)
        await pilot.press("G")
        assert room.room.log_pane.following
        assert "match " not in screen_text(room).replace("go to a match", "")


async def test_while_lines_come_it_stays_and_the_end_goes_on_with_them() -> None:
    room, before = room_of(with_log(1000)), fitting(1000)
    async with room.run_test(size=WIDE) as pilot:
        room.room.log_pane.search(WORD)
        await pilot.press("N", "N", "n")
        assert gone_to(room) == before[-1]
        source_of(room).now = with_log(1250)
        await until(lambda: "250 newer" in screen_text(room), "newer lines are counted")
        assert gone_to(room) == before[-1]
        await pilot.press("n")
        every = fitting(1000, 650)
        assert gone_to(room) == every[len(before)], "the next one is one that came since"
        assert f"match {len(before) + 1} of {len(every)} " in screen_text(room)
        assert "250 newer" not in screen_text(room)


async def test_where_lines_between_are_gone_the_end_wraps() -> None:
    room, before = room_of(with_log(1000)), fitting(1000)
    async with room.run_test(size=WIDE) as pilot:
        room.room.log_pane.search(WORD)
        await pilot.press("n")
        source_of(room).now = with_log(5000)
        await until(lambda: "4,000 newer" in screen_text(room), "newer lines are counted")
        await pilot.press("n")
        assert gone_to(room) == before[0]


async def test_older_lines_that_arrive_change_the_number_and_not_the_match() -> None:
    room, found = room_of(with_log(1000)), fitting(1000)
    pane = room.room.log_pane
    async with room.run_test(size=WIDE) as pilot:
        pane.search(WORD)
        await pilot.press("n", "n", "n")
        assert gone_to(room) == found[1]
        pane.add_older(frames.log_view(200, 800).lines)
        more = len(fitting(800, 200))
        assert gone_to(room) == found[1]
        assert f"match {more + 2} of {more + len(found)} " in screen_text(room)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_all_lines_are_shown_with_a_sign_at_those_that_fit(ascii_only: bool) -> None:
    room, found = room_of(with_log(1000), ascii_only=ascii_only), fitting(1000)
    async with room.run_test(size=WIDE) as pilot:
        room.room.log_pane.search(WORD)
        await pilot.press("N", "N", "N", "ampersand")
        assert gone_to(room) == found[-3], "the match stays"
        assert f"match {len(found) - 2} of {len(found)} " in screen_text(room)
        rows = [row for row in screen_text(room).splitlines() if "voto" in row]
        others = [row for row in rows if "Caifanes" not in row]
        assert others
        signs = {room.look.signs.dot, room.look.signs.run}
        assert {row[row.index("voto") - 1] for row in others} == {" "}
        assert {row[row.index("voto") - 1] for row in rows if row not in others} == signs
        await pilot.press("n", "n")
        assert gone_to(room) == found[-1]
        await pilot.press("ampersand")
        rows = [row for row in screen_text(room).splitlines() if "voto" in row]
        assert all("Caifanes" in row for row in rows)
        assert gone_to(room) == found[-1]


async def test_scrolled_away_it_goes_on_from_what_is_seen() -> None:
    room, found = room_of(with_log(1000)), fitting(1000)
    pane = room.room.log_pane
    async with room.run_test(size=WIDE) as pilot:
        pane.search(WORD)
        await pilot.press("n", "ampersand", "pageup", "pageup", "pageup")
        top = pane.top_line
        assert top is not None
        await pilot.press("n")
        assert gone_to(room) == next(offset for offset in found if offset >= top.offset)


async def test_without_a_text_and_without_a_match_it_says_so() -> None:
    room = room_of(with_log(1000))
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("n")
        await until(lambda: NOTHING in screen_text(room), "there is no needle")
        await pilot.press("ampersand")
        assert room.room.log_pane.only
        room.room.log_pane.search("nobody")
        await pilot.press("N")
        await until(lambda: NONE_HERE in screen_text(room), "nothing fits")
        assert room.room.log_pane.following


async def test_on_the_page_of_the_log() -> None:
    room, found = room_of(with_log(1000)), fitting(1000)
    async with room.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("6", "enter", "n")
        await until(lambda: NOTHING in screen_text(room), "there is no needle")
        await pilot.press("slash", *WORD, "enter")
        await shows(room, f"{len(found)} of the newest 400 lines")
        await pilot.press("n")
        await shows(room, f"match {len(found)} of {len(found)}")
        assert "wrapped" not in screen_text(room)
        source_of(room).now = with_log(1200)
        await pilot.press("N")
        await shows(room, f"match {len(found) - 1} of {len(found)}")
        row = next(row for row in screen_text(room).splitlines() if row.startswith("▶"))
        assert f"o00{found[-2]}" in row
        await pilot.press("ampersand")
        await shows(room, "Soda Stereo")
        row = next(row for row in screen_text(room).splitlines() if row.startswith("▶"))
        assert f"o00{found[-2]}·voto Caifanes" in row, "the chosen line stays, with a sign"
        await pilot.press("n", "n")
        await shows(room, f"match 1 of {len(found)}, wrapped to the first")
        await pilot.press("ampersand", "j")
        await shows(room, f"{len(found)} of the newest 400 lines")


async def test_on_the_page_of_a_pod() -> None:
    room = saying()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("4", "enter")
        await shows(room, "room › fleet › ")
        await pilot.press("enter")
        await shows(room, "line 99 of the pod")
        await pilot.press("slash", *"/line .5/", "enter")
        await shows(room, "9 of 100 lines")
        await pilot.press("ampersand", "N", "N")
        await shows(room, "match 8 of 9")
        rows = screen_text(room).splitlines()
        assert next(row for row in rows if row.startswith("▶")).startswith("▶· line 85 of the pod")
        assert any(row.startswith("   line 84 of the pod") for row in rows)
        await pilot.press("n", "n")
        await shows(room, "match 1 of 9, wrapped to the first")
        await pilot.press("y")
        assert room.clipboard == "line 15 of the pod"
