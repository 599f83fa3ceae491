"""The pane of tallies tells of the members that it does not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.frame import TALLIES
from controlroom.model.tallies import Tallies, TallyRow
from controlroom.panes.look import Look
from controlroom.panes.tallies import TalliesPane
from tests.room import frames
from tests.room.rooms import room_of, screen_text

WIDE = (140, 40)


async def shown(tallies: Tallies) -> list[str]:
    """The lines of a room with these tallies."""
    room = room_of(frames.calm().having(TALLIES, frames.live(tallies)))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        return screen_text(room).splitlines()


def line_of(lines: list[str], words: str) -> str:
    (found,) = [line for line in lines if words in line]
    return found


async def test_members_beyond_the_rows_are_counted_in_the_last_line() -> None:
    value = replace(frames.bands(), more=12_345)
    lines = await shown(value)
    foot = line_of(lines, "+ 12,345 more")
    assert f"all ({len(value.rows)} rows + 12,345 more)" in foot
    assert f"{value.total:,}" in foot
    assert not any("more)" in line for line in await shown(frames.bands()))


async def test_what_had_no_place_is_a_row_of_its_own() -> None:
    rows = (TallyRow(("Caifanes", "El Silencio"), 700), TallyRow(("Café Tacvba", "Re"), 200))
    value = replace(frames.bands(), rows=rows, total=1_000, others=100)
    lines = await shown(value)
    assert "100" in line_of(lines, "others").split()
    assert not any("others" in line for line in await shown(replace(value, others=0)))


async def test_bars_are_shares_of_all_members_not_of_the_rows() -> None:
    first = frames.worldcup()
    rows = (TallyRow(("2-1",), 50), TallyRow(("0-0",), 30))
    value = replace(first, rows=rows, sum=200, others=20, more=7)
    lines = await shown(value)
    assert "25.0 %" in line_of(lines, "2-1")
    assert "10.0 %" in line_of(lines, "others")
    assert "of this 200 + 7 more" in line_of(lines, "of this")


async def test_what_the_answer_selected_stays_though_more_appears() -> None:
    """A screen keeps what it saw first, and its own choice though the answer fell back."""
    pane = TalliesPane(Look())
    seen: list[tuple[str, ...]] = []

    def answered(phase: str, match: str | None) -> None:
        first, second = frames.worldcup().selections
        selections = (replace(first, selected=phase), replace(second, selected=match))
        value = replace(frames.worldcup(), selections=selections)
        pane.show(frames.calm().having(TALLIES, frames.live(value)))
        seen.append(pane.chosen)

    answered("2", None)
    answered("2", "Croacia:Marruecos")
    answered("2", "Argentina:Francia")
    answered("1", "Argentina:Francia")
    pane.chosen = ("4",)
    answered("2", "Croacia:Marruecos")
    answered("4", "Argentina:Francia")
    kept = ("2", "Croacia:Marruecos")
    assert seen == [("2",), kept, kept, kept, ("4",), ("4", "Argentina:Francia")]


async def test_keys_step_on_though_no_answer_came_yet() -> None:
    room = room_of(frames.calm("worldcup"))
    async with room.run_test(size=WIDE) as pilot:
        pane = room.room.tallies
        await pilot.pause()
        assert pane.chosen == ("4", "Argentina:Francia")
        await pilot.press("down", "down")
        assert pane.chosen == ("4", "Brasil:Croacia")
        pane.chosen = ("4", "Nobody:Nowhere")
        await pilot.press("down")
        assert pane.chosen == ("4", "Croacia:Marruecos")
        pane.chosen = ("9",)
        await pilot.press("right")
        assert pane.chosen[0] == "1"


@pytest.mark.parametrize("more", [0, 990])
async def test_a_selection_tells_its_place_among_all_choices(more: int) -> None:
    value = frames.worldcup()
    wide = value.selections[-1]
    many = replace(wide, more=more)
    lines = await shown(replace(value, selections=(*value.selections[:-1], many)))
    assert any(f" of {len(wide.choices) + more:,}" in line for line in lines)
