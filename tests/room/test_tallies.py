"""The pane of tallies tells of the members that it does not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.frame import TALLIES
from controlroom.model.tallies import Tallies, TallyRow
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


@pytest.mark.parametrize("more", [0, 990])
async def test_a_selection_tells_its_place_among_all_choices(more: int) -> None:
    value = frames.worldcup()
    wide = value.selections[-1]
    many = replace(wide, more=more)
    lines = await shown(replace(value, selections=(*value.selections[:-1], many)))
    assert any(f" of {len(wide.choices) + more:,}" in line for line in lines)
