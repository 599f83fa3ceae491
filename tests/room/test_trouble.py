"""The room shows trouble: in words and signs, in its place, and nothing of it is cut in silence."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from textual.widgets import Button, Input, Static

from controlroom.model.fleet import Engine, FleetEvent
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, ROUTES, Curve, Frame
from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.log import LogLine, LogView
from controlroom.model.routes import Route, Routes
from controlroom.model.run import Sign, TimeMark
from controlroom.panes import text
from controlroom.panes.curves import Drawn, heights
from controlroom.panes.signs import ASCII, UNICODE
from controlroom.screens.help import HelpDialog
from controlroom.screens.load import LoadDialog
from controlroom.terminal import ascii_locale
from scenarios.limits import Bound, Limits
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

USUAL = (120, 40)


async def shown(
    frame: Frame, size: tuple[int, int] = USUAL, *keys: str, plain: bool = False
) -> str:
    room = room_of(frame, ascii_only=plain)
    async with room.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        return screen_text(room)


def engines(*states: tuple[str, str]) -> Frame:
    found = replace(frames.fleet(), engines=tuple(Engine(*each) for each in states))
    return frames.calm().having(FLEET, frames.live(found))


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_US"}, True),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"LANG": "en_US.utf8"}, False),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, False),
        ({}, False),
    ],
)
def test_a_locale_without_utf_8_has_a_room_of_ascii(environ: dict[str, str], plain: bool) -> None:
    assert ascii_locale(environ) is plain


@pytest.mark.parametrize("size", [(60, 16), (80, 24), USUAL, (200, 60)], ids=str)
async def test_the_header_says_one_word_and_why_at_any_size(size: tuple[int, int]) -> None:
    assert "✓ healthy" in (await shown(frames.calm(), size)).splitlines()[0]
    first = (await shown(frames.broken(), size)).splitlines()[0]
    assert "✗ broken: 7 " in first
    assert "+4" in first


async def test_without_colour_and_in_ascii_each_trouble_has_a_sign() -> None:
    rows = (GoldenRow("producer-http", "inbound", 0.91, 9.0, 3.0, 700.0, 900.0),)
    frame = frames.broken().having(GOLDEN, frames.live(GoldenMetrics(rows, 30.0)))
    seen = await shown(frame, plain=True)
    for words in ("x broken: 7 lost", "x91.00%", "!700", "! 2 down", "x 7", "x 1"):
        assert words in seen
    assert not {sign for sign in seen if not sign.isascii() and not sign.isalpha()} - {"·"}


async def test_engines_that_are_ready_are_counted_and_the_others_are_named() -> None:
    names = ("kafka", "redis", "mongo", "toxiproxy", "haproxy", "sqlite", "other", "last")
    ready = [(name, "ready") for name in names]
    assert "● 8 engines ready" in await shown(engines(*ready))
    seen = await shown(engines(*ready, ("prometheus", "starting")))
    assert "✗ prometheus starting  8 engines ready" in seen


async def test_an_event_says_how_long_ago_and_one_that_is_cut_says_so() -> None:
    event = FleetEvent(frames.NOW - 75, "Pod", "consumer-7f9c4-2x2", "Killed", "because " * 9)
    found = replace(frames.fleet(), events=(event,))
    seen = await shown(frames.calm().having(FLEET, frames.live(found)))
    (row,) = [line for line in seen.splitlines() if "Killed" in line]
    assert "  1m ago  consumer-7f9c4-2x2 Killed" in row
    assert row.split("│")[1].rstrip().endswith("…")


async def test_names_are_whole_where_there_is_room() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=USUAL) as pilot:
        await pilot.press("4")
        await until(lambda: "▶ producer-http " in screen_text(room), "the name is whole", 30)
    assert "producer-http-7f9c4-1x1 " in await shown(frames.loaded(), (200, 60))


async def test_a_curve_says_now_most_and_least() -> None:
    seen = await shown(frames.loaded(), USUAL)
    (rps,) = [line for line in seen.splitlines() if " rps  " in line and "┤" in line]
    assert "800┤" in rps
    assert [name in seen for name in ("max      740", "min97%", "9.0ms–35.0ms")] == [True] * 3


def test_a_share_takes_one_row_and_a_curve_of_nothing_few() -> None:
    def drawn(name: str, *figures: float | None) -> Drawn:
        return Drawn(Curve(name, "", ()), figures)

    curves = [drawn("rps", 4.0), drawn("success", 1.0), drawn("p95", 3.0), drawn("lag", 0.0, None)]
    assert heights(curves, 42) == [20, 1, 19, 2]
    assert heights(curves, 3) == [1, 1, 1, 1]


async def test_marks_at_one_moment_keep_their_signs() -> None:
    signs: tuple[Sign, ...] = ("load", "fault", "recovered", "load-end")
    marks = tuple(TimeMark(frames.NOW - 100, sign, "") for sign in signs)
    marks += tuple(TimeMark(frames.NOW, sign, "") for sign in signs)
    seen = await shown(replace(frames.loaded(), marks=marks))
    (row,) = [line for line in seen.splitlines() if " marks " in line]
    drawn = row.split("marks")[1]
    assert [drawn.count(sign) for sign in "▶✗✓·"] == [2, 2, 2, 2]


async def test_a_curve_over_its_limit_is_in_another_colour_and_has_the_sign() -> None:
    limits = Limits(lag=Bound(20, 500))
    seen = await shown(replace(frames.loaded(), limits=limits))
    assert "lag      ▲40" in seen


def test_of_a_line_that_is_cut_the_last_field_stays() -> None:
    words = "voto Soda Stereo · Canción Animal · 5"
    assert text.fit_ends(words, 24, UNICODE) == "voto Soda Stereo · … · 5"
    assert text.fit_ends("voto Soda · Canción Animal 5", 20, UNICODE) == "voto Soda · Canci… 5"
    assert text.fit_ends("short", 8, ASCII) == "short   "
    assert text.fit_ends("x" * 40, 8, ASCII) == "xxxxxxx~"


async def test_the_log_names_its_columns_and_each_member_has_a_colour() -> None:
    assert "time         part offset   document" in await shown(frames.calm())
    lines = tuple(
        LogLine(1, n, frames.NOW, frames.NOW, "text", member) for n, member in enumerate("ab")
    )
    room = room_of(frames.calm().having(LOG, frames.live(LogView(lines, 0, 0, 0, 2))))
    async with room.run_test(size=USUAL) as pilot:
        await pilot.pause()
        assert room.room.log_pane.frame is not None
        styles = [list(room.room.log_pane._line(line, 60))[-1].style for line in lines]
        assert styles[0] != styles[1]
        assert set(styles) <= set(room.look.members)


async def test_zoomed_books_tell_what_figures_mean_and_what_waits_where() -> None:
    seen = await shown(frames.loaded(), USUAL, "3", "z")
    assert "answered with success by the producers" in seen
    assert "p05          44" in seen
    assert frames.loaded()[BOOKS].value is not None


async def test_zoomed_traffic_tells_routes_neighbours_and_the_latest_failures() -> None:
    rows = (
        Route("consumer", "outbound", "redis", 20.0, 0.9, (1.0, 2.0, math.inf), (10.0, 9.0, 1.0)),
        Route("producer-http", "inbound", "/input", 20.0, 1.0, (600.0, 700.0), (0.0, 20.0)),
    )
    share = ((0.0, 1.0), (1.0, 0.98), (2.0, 0.97), (3.0, 1.0), (4.0, None), (5.0, 0.5))
    points = tuple((frames.NOW - 90 + at, each) for at, each in share)
    frame = frames.loaded().having(ROUTES, frames.live(Routes(rows, 30.0)))
    frame = replace(frame, lanes=(Curve("success", "", points, "producer-http"),))
    seen = await shown(frame, USUAL, "2", "z")
    for words in ("consumer → redis ", "✗90.00%", "producer-http → /input", "▲695"):
        assert words in seen
    assert "1m ago  producer-http       ▲ success down to 97.00%  for 2s" in seen
    assert "✗ success down to 50.00%  for 1s" in seen
    assert seen.index("50.00%") < seen.index("97.00%")


async def test_a_toast_leaves_the_run_strip_alone() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=USUAL, notifications=True) as pilot:
        room.notify("Something was done, and it is told at length. " * 4, timeout=60)
        await until(lambda: "told at length" in screen_text(room), "it is said", 30)
        await pilot.pause()
        rows = screen_text(room).splitlines()
        assert "r-0042" in rows[-3]
        assert "0:18 left" in rows[-2]
        assert not any("told at length" in row for row in rows[-4:])


async def test_the_load_form_stands_still_while_its_command_grows() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(lambda: isinstance(room.screen, LoadDialog), "it opens", 30)
        await pilot.pause()
        box = room.screen.query_one("#box").region
        for name, value in (("number", "123456"), ("rate", "1000"), ("users", "x"), ("users", "9")):
            room.screen.query_one(f"#{name}", Input).value = value
            await pilot.pause()
            assert room.screen.query_one("#box").region == box


async def test_help_searches_and_escape_goes_back_one_step_at_a_time() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await until(lambda: isinstance(room.screen, HelpDialog), "it opens", 30)
        rows = room.screen.query_one("#help", Static)
        await pilot.press("slash", *"pods")
        await until(lambda: "successor" not in str(rows.render()), "it searches", 30)
        assert "Replace all pods" in str(rows.render())
        assert "Time axis" not in str(rows.render())
        await pilot.press("escape")
        await until(lambda: "Time axis" in str(rows.render()), "all is there again", 30)
        assert isinstance(room.screen.focused, Button)
        await pilot.press("escape")
        await until(lambda: room.screen is room.room, "it closes", 30)


async def test_help_begins_with_the_focused_panel_and_scrolls_by_key() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "question_mark")
        await until(lambda: isinstance(room.screen, HelpDialog), "it opens", 30)
        await pilot.pause()
        assert "fleet: choose the deployment" in screen_text(room).splitlines()[2]
        body = room.screen.query_one("#body")
        await pilot.press("j", "G")
        await until(lambda: body.scroll_y == body.max_scroll_y > 0, "the end is shown", 30)
