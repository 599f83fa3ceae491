"""y copies what is chosen, Y the panel, C the command that prints it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controlroom.model.finding import moment
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, TALLIES, Frame
from controlroom.model.health import Health
from tests.room import frames, pages
from tests.room.rooms import room_of, screen_text
from tests.room.test_cursor import AGO, stepped
from tests.room.test_drilling import saying, shows
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE = (120, 40)


async def copied(frame: Frame, *keys: str) -> str:
    """What these keys and then `y` copy."""
    room = room_of(frame)
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await pilot.press(*keys, "y")
        return room.clipboard


async def test_what_is_chosen_in_a_panel_is_copied() -> None:
    calm = frames.calm()
    fleet, books = frames.fleet(), frames.books().books
    assert await copied(calm, "1") == str(frames.bands().total)
    second = fleet.deployments[1].name
    assert await copied(calm, "4", "down") == second
    assert f"acknowledged {books.value('acknowledged')}, stored" in await copied(calm, "3")
    inbound = [row for row in frames.golden().rows if row.direction == "inbound" and row.rps]
    told = await copied(calm, "2")
    assert [part.split()[0] for part in told.split("; ")] == [row.deployment for row in inbound]


async def test_the_only_pod_of_a_deployment_is_copied_by_its_name() -> None:
    fleet = frames.fleet()
    pod = replace(fleet.pods[0], name="reader-0", deployment="reader")
    others = tuple(each for each in fleet.pods if each.deployment != "reader")
    alone = frames.calm().having(FLEET, frames.live(replace(fleet, pods=(*others, pod))))
    at = [each.name for each in fleet.deployments].index("reader")
    assert await copied(alone, "4", *["down"] * at) == "reader-0"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("map", f"{pages.COUNTRIES[0].labels[0]} {pages.COUNTS['GT']}"),
        ("gender", f"Mexico {sum(row.count for row in pages.page('gender').rows)}"),
        ("top", str(pages.page("top").sum)),
        ("latest", " ".join(pages.PERSON)),
    ],
)
async def test_of_a_view_it_is_what_is_selected_with_its_figure(view: str, words: str) -> None:
    assert await copied(pages.frame(view), "1") == words


async def test_a_line_of_the_log_is_copied_as_its_place() -> None:
    lines = frames.log_view().lines
    calm = frames.calm()

    def place(at: int) -> str:
        return f"{lines[at].partition}:{lines[at].offset}"

    assert await copied(calm, "6") == place(-1), "the newest while lines are followed"
    assert await copied(calm, "6", "g") == place(0), "the first that is seen"
    room = room_of(calm)
    async with room.run_test(size=WIDE) as pilot:
        room.room.log_pane.search("caifanes")
        await pilot.press("n", "N", "y")
        found = [n for n, line in enumerate(lines) if "Caifanes" in line.text]
        assert room.clipboard == place(found[-2]), "the match"


async def test_of_the_time_it_is_the_moment_the_range_or_the_run_of_the_mark() -> None:
    frame = stepped()
    at = await copied(frame, "5", "left", "left")
    looked = moment(at, frames.NOW, None)
    assert looked == datetime.fromisoformat(at).astimezone(UTC).timestamp()
    assert 0 < frames.NOW - looked < AGO[1]
    start, end = (await copied(frame, "5", "left", "m", "left", "left")).split("/")
    assert moment(start, frames.NOW, None) < moment(end, frames.NOW, None)
    assert await copied(frame, "5", "{") == frames.chaos_run().id


@pytest.mark.parametrize("number", "123456")
async def test_the_panel_and_its_command_are_copied(number: str) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press(number, "Y")
        pane = room.room.pane
        assert pane.title(frames.calm(), 60).name in room.clipboard
        assert len(room.clipboard.splitlines()) > 3
        assert "│" not in room.clipboard
        await pilot.press("C")
        assert room.clipboard == (pane.line or room.clipboard)
        assert bool(pane.line) == room.clipboard.startswith("controlroom ")


@pytest.mark.parametrize("key", [TALLIES, GOLDEN, BOOKS, FLEET, LOG])
async def test_where_nothing_is_there_yet_it_says_so(key: object) -> None:
    nothing = frames.live(None)
    frame = frames.calm().having(key, replace(nothing, health=Health("connecting")))  # type: ignore[arg-type]
    room = room_of(frame)
    number = {TALLIES: "1", GOLDEN: "2", BOOKS: "3", FLEET: "4", LOG: "6"}[key]  # type: ignore[index]
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press(number, "y")
        await until(lambda: "Nothing is chosen here" in screen_text(room), "it is said")
        assert room.clipboard == ""


async def test_what_is_copied_has_no_control_characters() -> None:
    fleet = frames.fleet()
    first = replace(fleet.deployments[0], name="con\x1b]52;c;xx\x07sumer\n")
    frame = frames.calm().having(
        FLEET, frames.live(replace(fleet, deployments=(first, *fleet.deployments[1:])))
    )
    assert not re.search(r"[\x00-\x1f]", await copied(frame, "4"))


async def test_a_page_has_the_same_keys() -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter")
        await shows(room, "room › fleet › ")
        await pilot.press("y")
        assert room.clipboard in {pod.name for pod in frames.fleet().pods}
        await pilot.press("C")
        assert room.clipboard == "controlroom status"
        await pilot.press("Y")
        assert room.clipboard.startswith("$ controlroom status\n")
