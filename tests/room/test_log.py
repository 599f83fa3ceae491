"""The log pane follows, holds its place, filters, and costs only what is visible."""

from __future__ import annotations

from dataclasses import replace

from textual.strip import Strip

from controlroom.model.frame import LOG, TALLIES, Frame
from controlroom.model.log import LogLine, LogView
from tests.room import frames
from tests.room.fakes import RecordedCommands
from tests.room.rooms import calls_of, room_of, screen_text, source_of
from tests.waiting import until

WIDE = (120, 40)


def with_log(first: int, count: int = 400, skipped: int = 0) -> Frame:
    """A frame whose ring begins at line `first`."""
    return frames.calm().having(LOG, frames.live(frames.log_view(count, first, skipped)))


async def test_it_follows_the_newest_line() -> None:
    room = room_of(with_log(1000))
    async with room.run_test(size=WIDE):
        source_of(room).now = with_log(1001)
        await until(lambda: "o0015400" in screen_text(room), "the newest line is shown")


async def test_scrolled_back_it_keeps_its_place_while_lines_come_and_the_window_changes() -> None:
    room = room_of(with_log(1000))
    pane = room.room.log_pane
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "pageup", "k")
        top = pane.top_line
        assert top is not None
        source_of(room).now = with_log(5000)
        await until(lambda: "4,000 newer" in screen_text(room), "newer lines are counted")
        assert pane.top_line == top
        await pilot.resize_terminal(100, 34)
        await pilot.pause()
        assert pane.top_line == top
        await pilot.press("G")
        assert pane.following


async def test_scrolling_down_to_the_end_follows_again() -> None:
    room = room_of(with_log(1000))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "k", "k")
        assert not room.room.log_pane.following
        await pilot.press("j", "j", "j")
        assert room.room.log_pane.following


async def test_lines_from_before_the_ring_are_fetched_and_do_not_move_what_is_seen() -> None:
    room = room_of(with_log(1000))
    assert isinstance(room.commands, RecordedCommands)
    room.commands.page = list(frames.log_view(200, 800).lines)
    pane = room.room.log_pane
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "g")
        await until(lambda: calls_of(room), "older lines are asked for")
        top = pane.top_line
        assert top is not None
        assert top.offset == 15000
        await pilot.press("k")
        await until(lambda: pane.top_line and pane.top_line.offset == 14999, "one line back")
    assert calls_of(room)[0] == ("log_page", 1000, 200)


async def test_a_filter_shows_only_lines_that_hold_the_text() -> None:
    room = room_of(with_log(1000))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("slash", *"caifanes", "enter")
        await until(lambda: '"caifanes"' in screen_text(room), "the title names it")
        inside = [line for line in screen_text(room).splitlines() if " voto " in line]
        assert inside
        assert all("Caifanes" in line for line in inside)


async def test_five_thousand_lines_a_frame_cost_no_more_than_the_visible_ones() -> None:
    room = room_of(with_log(0, 5000))
    pane = room.room.log_pane
    made = 0
    line_of = pane._line

    def counted(line: LogLine, width: int) -> Strip:
        nonlocal made
        made += 1
        return line_of(line, width)

    pane._line = counted  # type: ignore[method-assign]
    async with room.run_test(size=WIDE):
        made = pane.drawn = 0
        for batch in range(1, 11):
            pane.show(with_log(batch * 5000, 5000))
        assert 0 < made <= 10 * pane.size.height
        assert 0 < pane.drawn <= 10 * pane.size.height


async def test_a_flood_changes_the_page_once_a_second_and_its_end_is_shown() -> None:
    room = room_of(with_log(1000))
    pane = room.room.log_pane
    async with room.run_test(size=WIDE):
        pages = set()
        for quarter in range(1, 13):
            flood = replace(with_log(1000 + quarter * 100), now=frames.NOW + quarter / 4)
            pane.show(flood)
            assert pane.frame is not None
            pages.add(pane.frame.now)
        assert pages == {frames.NOW + second for second in range(4)}
        pane.show(replace(flood, now=flood.now + 1.0))
        assert "o0016599" in screen_text(room)


async def test_a_few_lines_are_shown_at_once() -> None:
    room = room_of(with_log(1000))
    pane = room.room.log_pane
    async with room.run_test(size=WIDE):
        pane.show(replace(with_log(1005), now=frames.NOW + 0.1))
        assert "o0015404" in screen_text(room)


async def test_an_unchanged_frame_draws_nothing() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        for part in room.room.parts.values():
            part.drawn = 0
        for _ in range(5):
            room.tick()
        assert {name: part.drawn for name, part in room.room.parts.items() if part.drawn} == {}


async def test_one_changed_count_draws_its_row_only() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        tallies = frames.bands()
        rows = list(tallies.rows)
        rows[3] = replace(rows[3], count=rows[3].count + 1)
        room.room.tallies.drawn = 0
        changed = frames.loaded().having(TALLIES, frames.live(replace(tallies, rows=tuple(rows))))
        room.room.show(changed)
        assert room.room.tallies.drawn == 1


async def test_control_characters_and_markup_in_a_line_are_only_text() -> None:
    view = frames.log_view(5)
    nasty = replace(view.lines[-1], text="\x1b[31mred [bold]x[/bold] \u202egnp.exe\r\n")
    held = LogView((*view.lines[:-1], nasty), view.first, 0, 0, 5)
    room = room_of(frames.calm().having(LOG, frames.live(held)))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        shown = screen_text(room)
        assert "[31mred [bold]x[/bold] gnp.exe" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
