"""Rows of a panel sorted by a column, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import FLEET, TALLIES
from controlroom.panes.signs import ASCII, UNICODE
from controlroom.panes.sorting import Order
from tests.room import frames, pages
from tests.room.rooms import calls_of, room_of, screen_text, source_of
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE, SMALL = (120, 40), (80, 24)


def test_names_begin_with_a_and_figures_with_the_highest_and_none_is_last() -> None:
    order = Order("name", "cpu")
    rows = [("b", 1.0), ("A", None), ("c", 3.0)]

    def sorted_() -> str:
        return "".join(name for name, _ in order.sorted(rows, lambda r, c: r[c == "cpu"]))

    assert sorted_() == "bAc"
    steps = (order.next, order.turn, order.next, order.turn, order.next)
    words = ("by name ▲", "by name ▼", "by cpu ▼", "by cpu ▲", "")
    for step, said, rows_now in zip(steps, words, ("Abc", "cbA", "cbA", "bcA", "bAc"), strict=True):
        step()
        assert order.words(UNICODE) == said
        assert sorted_() == rows_now


@pytest.mark.parametrize(("signs", "up", "down"), [(UNICODE, "▲", "▼"), (ASCII, "^", "v")])
def test_the_column_has_a_sign(signs: object, up: str, down: str) -> None:
    order = Order("name", "cpu")
    order.next()
    assert order.head("name", signs) == f"name{up}"  # type: ignore[arg-type]
    assert order.head("cpu", signs) == "cpu"  # type: ignore[arg-type]
    order.next()
    assert order.head("cpu", signs) == f"{down}cpu"  # type: ignore[arg-type]


def shown(room: ControlRoom, names: Sequence[str]) -> list[str]:
    """Which of the names the focused panel shows, in their order."""
    found = []
    for line in room.room.pane.words.splitlines():
        words = line.strip(" ▶>").split("  ")[0]
        found += [name for name in names if words == name]
    return found


def figures(number: str) -> dict[str, Callable[[str], float | str | None]]:
    """Column -> what each row of that panel has there."""
    if number == "4":
        fleet = {one.name: one for one in frames.fleet().deployments}
        return {
            "deployment": str,
            "ready": lambda name: fleet[name].ready / fleet[name].replicas,
            "rst": lambda name: fleet[name].restarts,
            "cpu": lambda name: fleet[name].cpu,
            "mem": lambda name: fleet[name].memory,
            "age": lambda name: fleet[name].age,
        }
    tallies = {" · ".join(row.labels): row for row in frames.bands().rows}
    return {
        "name": str.casefold,
        "count": lambda name: tallies[name].count,
        "average": lambda name: tallies[name].average,
    }


@pytest.mark.parametrize("size", [WIDE, SMALL])
@pytest.mark.parametrize("number", ["1", "4"])
async def test_a_panel_is_sorted_by_each_column_and_turned_round(
    number: str, size: tuple[int, int]
) -> None:
    room, columns = room_of(frames.calm()), figures(number)
    names = (
        [one.name for one in frames.fleet().deployments]
        if number == "4"
        else [" · ".join(row.labels) for row in frames.bands().rows]
    )
    async with room.run_test(size=size) as pilot:
        await pilot.press(number, "z")
        usual = shown(room, names)
        assert len(usual) > 2
        for place, (column, figure) in enumerate(columns.items()):
            await pilot.press("O")
            seen = [figure(name) for name in shown(room, names)]
            assert len(seen) == len(usual)
            wanted = sorted(seen, reverse=place > 0)  # type: ignore[type-var]
            assert seen == wanted, column
            await pilot.press("S")
            turned = [figure(name) for name in shown(room, names)]
            assert turned == wanted[::-1], column
            signs = room.look.signs
            sign = signs.descending if place == 0 else signs.ascending
            title, head = room.room.pane.words.splitlines()[:2]
            assert f"by {column} {sign}" in title
            assert sign in head
        await pilot.press("O")
        assert shown(room, names) == usual, "after the last column as it was"


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_traffic_is_sorted_and_a_row_without_traffic_is_the_last(ascii_only: bool) -> None:
    room = room_of(frames.calm(), ascii_only=ascii_only)
    golden = frames.golden().rows
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("2", "z", "O", "O", "O")
        assert f"{room.look.signs.descending}rps" in screen_text(room)
        rows = [line.split() for line in room.room.pane.words.splitlines()]
        seen = [(row[0], row[1]) for row in rows if len(row) > 1 and row[1] in ("in", "out")]
        ways = {"inbound": "in", "outbound": "out"}
        known = sorted((r for r in golden if r.rps is not None), key=lambda r: -(r.rps or 0))
        none = [r for r in golden if r.rps is None]
        assert seen == [(r.deployment, ways[r.direction]) for r in (*known, *none)]


async def test_the_chosen_deployment_stays_chosen() -> None:
    fleet = frames.fleet()
    first, second, *others = fleet.deployments
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "O", "O", "O", "O", "down")
        chosen = room.room.fleet.deployment
        assert chosen is not None
        busy = tuple(
            replace(each, cpu=0.0 if each.name == chosen.name else 9.0)
            for each in (first, second, *others)
        )
        source_of(room).now = frames.calm().having(
            FLEET, frames.live(replace(fleet, deployments=busy))
        )
        await until(lambda: "900%" in screen_text(room), "others take more")
        again = room.room.fleet.deployment
        assert again is not None
        assert again.name == chosen.name
        await pilot.press("R")
        await until(lambda: f"restart · {chosen.name}" in screen_text(room), "it is asked of it")
    assert calls_of(room) == []


async def test_what_has_one_order_says_so_and_what_had_no_place_is_last() -> None:
    room = room_of(pages.frame("gender"))
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("1", "O")
        await until(lambda: "has one order only" in screen_text(room), "bars")
        await pilot.press("3", "S")
        assert room.room.pane.order is None
        others = replace(pages.page("top"), others=99)
        source_of(room).now = frames.calm().having(TALLIES, frames.live(others))
        room.tick()
        await pilot.press("1", "S")
        await until(lambda: "O chooses a column" in screen_text(room), "not sorted yet")
        await pilot.press("O", "S", "z")
        rows = [line for line in room.room.pane.words.splitlines() if line.startswith("others")]
        assert rows
        last = room.room.pane.words.splitlines()
        assert last.index(rows[0]) > last.index(
            next(line for line in last if line.startswith("Brazil"))
        )
