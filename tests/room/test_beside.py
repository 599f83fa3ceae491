"""A page of every target side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.command import CommandList, CommandPalette
from textual.widgets import Input

from controlroom.app import ControlRoom
from controlroom.model.frame import Frame
from controlroom.screens.beside import BesideScreen
from controlroom.screens.covering import Covering
from controlroom.screens.export import ExportDialog
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.fleet import PodPage
from controlroom.screens.sides import SidesScreen
from controlroom.targets.abilities import Unreachable
from tests.room import frames
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import screen_text
from tests.room.test_keys import opened
from tests.waiting import until

Compare = Callable[..., bool]
EAST, WEST = (
    replace(made(), target=name)
    for made, name in ((frames.loaded, "east"), (frames.broken, "west"))
)
WIDE, SMALL = (170, 45), (80, 24)


class One(FixedSource, RecordedCommands):
    """A target with its frames and its answers."""

    def __init__(self, frame: Frame) -> None:
        FixedSource.__init__(self, frame)
        RecordedCommands.__init__(self)


class Two(One):
    """Two targets, of which the first is shown."""

    def __init__(self) -> None:
        super().__init__(EAST)
        self.both = (One(EAST), One(WEST))

    def sides(self, now: float) -> Sequence[Frame]:
        return [one.now for one in self.both]

    def of(self, number: int) -> One:
        return self.both[number]


class Asking(Page):
    """Asks its target for its name; `west` is away."""

    every = 0.05
    made: Sequence[Asking] = ()

    def __init__(self, below: Below, away: bool = False) -> None:
        super().__init__(below, "asking")
        self.away = away
        self.asked = self.let = 0

    def of(self, below: Below) -> Asking:
        """One of each target."""
        one = Asking(below, away=below.frame().target == "west")
        self.made = [*self.made, one]
        return one

    async def load(self) -> None:
        """An answer, or none."""
        self.asked += 1
        if self.away:
            raise Unreachable("Redis of west cannot be reached.")

    async def let_go(self) -> None:
        """Counts it."""
        self.let += 1

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Fifty."""
        style = self.below.look.text
        return [Line(((f"{frame.target} {n}", style),)) for n in range(50)]


def room_of_two() -> ControlRoom:
    both = Two()
    return ControlRoom(both, both, clock=lambda: frames.NOW)


def halves(room: ControlRoom) -> list[str]:
    """What stands left and right."""
    lines = screen_text(room).splitlines()
    half = len(lines[0]) // 2
    return ["\n".join(line[part] for line in lines) for part in (slice(half), slice(half, None))]


async def test_the_page_of_a_deployment_of_both_and_back() -> None:
    room = room_of_two()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter")
        await until(lambda: "engines" in screen_text(room), "the page of the deployment")
        page = room.screen
        await pilot.press("v")
        await opened(room, BesideScreen)
        left, right = halves(room)
        assert "east" in left.splitlines()[0]
        assert "west" in right.splitlines()[0]
        for half in (left, right):
            assert "events, newest first" in half
        await pilot.press("escape")
        await until(lambda: room.screen is page, "the page is back")


async def test_each_asks_its_own_target_and_keys_move_all() -> None:
    room = room_of_two()
    async with room.run_test(size=WIDE) as pilot:
        page = Asking(room.below)
        room.push_screen(page)
        await pilot.press("v")
        await opened(room, BesideScreen)
        await until(lambda: "east 0" in halves(room)[0], "east has answered")
        assert "Redis of west cannot be reached." in halves(room)[1]
        assert all(one.asked for one in page.made)
        page.made[1].away = False
        await until(lambda: "west 0" in halves(room)[1], "west answers again")
        await pilot.press("G")
        await until(lambda: all("49" in half for half in halves(room)), "both are at their end")
        assert not [one.let for one in page.made if one.let]
        await pilot.press("v")
        await until(lambda: all(one.let for one in page.made), "both have let go")
        asked = [one.asked for one in page.made]
        before = page.asked
        await until(lambda: page.asked > before + 1, "the page below goes on asking")
        assert [one.asked for one in page.made] == asked


def first_found(room: ControlRoom) -> str:
    """The first line of the palette's list; empty while it has none."""
    found = room.screen.query_one(CommandList)
    return str(found.get_option_at_index(0).prompt) if found.option_count else ""


async def test_of_what_only_one_target_has_the_figures_are_shown() -> None:
    room = room_of_two()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter", "enter")
        await until(lambda: "life before" in screen_text(room), "the page of a pod")
        page = room.screen
        await pilot.press("v")
        assert isinstance(page, PodPage)
        assert page.events, "v is that page's own key"
        assert room.screen is page
        await pilot.press("ctrl+p")
        await opened(room, CommandPalette)
        await pilot.press(*"all clusters")
        await until(lambda: first_found(room).startswith("side by side"), "it is found")
        await pilot.press("enter")
        await opened(room, SidesScreen)


ROOMS_OWN = ("z", "p", "O", "y", "slash", "s", "R")


@pytest.mark.parametrize("keys", [("v",), ("v", "2"), ("4", "enter", "v")], ids=" ".join)
async def test_no_key_acts_on_the_room_that_nobody_sees(keys: tuple[str, ...]) -> None:
    room = room_of_two()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press(*keys)
        await until(lambda: isinstance(room.screen, Covering), "both are shown")
        top, before = room.screen, room.room.layout_now
        for key in ROOMS_OWN:
            room.clear_notifications()
            await pilot.press(key)
            label = "/" if key == "slash" else key
            told = [one.message for one in room._notifications]
            assert told == [f"{label} is a key of the room and does nothing here: esc goes back."]
            assert room.screen is top
        assert room.room.layout_now == before
        assert room.paused_at is None
        order = room.room.pane.order
        assert order is None or not order.by
        assert not room.clipboard


@pytest.mark.parametrize(
    ("keys", "named"),
    [(("v",), "success"), (("v", "4"), "consumer"), (("4", "enter", "v"), "events, newest first")],
    ids=["figures", "panels", "pages"],
)
async def test_what_is_seen_is_written_as_text(
    keys: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    room = room_of_two()
    path = tmp_path / "both.txt"
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press(*keys)
        await until(lambda: named in screen_text(room) and "west" in screen_text(room), "both")
        await pilot.press("e")
        await opened(room, ExportDialog)
        field = room.screen.query_one(Input)
        assert "side-by-side" in field.value
        field.value = str(path)
        await pilot.press("enter")
        await until(path.is_file, "it is written")
    written = path.read_text()
    assert "east" in written
    assert "west" in written
    assert named in written


async def test_the_number_of_a_panel_goes_back_to_the_room() -> None:
    room = room_of_two()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("4", "enter", "v")
        await opened(room, BesideScreen)
        await pilot.press("2")
        await until(lambda: room.screen is room.room, "the room")
        assert room.room.current == "traffic"


@pytest.mark.pictures
@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["beside", "below"])
def test_pictures(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(room_of_two(), press=["4", "enter", "v"], terminal_size=size)
