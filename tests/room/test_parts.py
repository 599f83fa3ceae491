"""The parts that panes are made of: figures, bars, curves, places, choices."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from controlroom.commands.catalogue import PANES
from controlroom.commands.registry import available, commands, footer, with_key
from controlroom.model.frame import RUNS
from controlroom.model.golden import GoldenRow
from controlroom.model.run import Runs
from controlroom.panes import plot, text
from controlroom.panes.layout import MINIMUM, plan
from controlroom.panes.signs import ASCII, UNICODE
from controlroom.panes.strip import progress, shown
from controlroom.panes.traffic import chosen
from controlroom.screens import room
from tests.room import frames
from tests.room.rooms import room_of, screen_text


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100.00%"), (0.99999, "99.99%"), (0.9971, "99.71%"), (0.0, "0.00%"), (None, "–")],
)
def test_what_is_not_all_is_never_rounded_up_to_all(share: float | None, words: str) -> None:
    assert text.percent(share) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.41, "0.41"), (3.14, "3.1"), (21.44, "21.4"), (180.4, "180"), (1044.0, "1.0s")],
)
def test_latencies_keep_the_digits_that_matter(value: float | None, words: str) -> None:
    assert text.latency(value) == words


@pytest.mark.parametrize("words", ["", "short", "wörter", "日本語テキスト", "e\u0301a", "x" * 40])
@pytest.mark.parametrize("width", [1, 2, 7, 30])
def test_fitted_text_has_exactly_its_width(words: str, width: int) -> None:
    assert text.width_of(text.fit(words, width)) == width
    assert text.width_of(text.fit(words, width, UNICODE)) == width


@pytest.mark.parametrize("signs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_bar_grows_with_its_share_and_something_is_never_nothing(signs: object) -> None:
    assert signs in (UNICODE, ASCII)
    of = UNICODE if signs is UNICODE else ASCII
    bars = [text.bar(n / 100, 10, of) for n in range(101)]
    assert all(len(bar) == 10 for bar in bars)
    assert bars[0].strip() == ""
    assert bars[1].strip()
    assert bars[100] == of.bars[-1] * 10
    lengths = [len(bar.rstrip()) for bar in bars]
    assert lengths == sorted(lengths)


def test_signs_are_one_cell_wide_and_the_ascii_ones_are_ascii() -> None:
    for name in UNICODE.__dataclass_fields__:
        fine, plain = getattr(UNICODE, name), getattr(ASCII, name)
        if isinstance(fine, str):
            assert all(text.width_of(sign) == 1 for sign in fine), name
            assert plain.isascii(), name


def test_buckets_stand_still_until_a_whole_step_has_passed() -> None:
    points = [(float(at), float(at)) for at in range(100)]
    assert plot.buckets(points, 98.1, 3, 10) == plot.buckets(points[:99], 98.9, 3, 10)
    assert plot.buckets(points, 98, 3, 3) == [92.0, 95.0, 98.0]
    assert plot.buckets(points, 98, 3, 3, min) == [90.0, 93.0, 96.0]


def test_a_curve_has_gaps_where_nothing_was_measured() -> None:
    drawn = plot.area([None, None, 1.0, 1.0, None, None], 0, 1, 3, 1)
    assert drawn == [" ⣿ "]
    assert plot.plain_area([None, None, 1.0, 1.0, None, None], 0, 1, 3, 1) == [" # "]


def test_an_area_is_filled_below_and_zero_is_not_a_gap() -> None:
    figures = [0.0, 0.0, 0.4, 1.0, None, None]
    assert plot.area(figures, 0, 1, 3, 2) == [" ⢸ ", "⣀⣿ "]
    assert plot.plain_area(figures, 0, 1, 3, 2) == [" # ", "_# "]


def test_short_gaps_between_two_figures_are_closed_and_long_ones_are_not() -> None:
    assert plot.filled([1.0, None, 2.0, None, None, None, 3.0], 1) == [
        1.0, 1.0, 2.0, None, None, None, 3.0,
    ]  # fmt: skip


def test_a_ceiling_is_a_round_figure_that_holds_all_and_little_more() -> None:
    found = [plot.ceiling([f], 10) for f in (0, 10, 11, 49, 700, 2001)]
    assert found == [10, 10, 12, 50, 800, 2500]


@pytest.mark.parametrize("zoomed", [False, True])
@pytest.mark.parametrize("current", PANES)
@pytest.mark.parametrize(
    "size", [MINIMUM, (80, 24), (100, 50), (110, 34), (120, 40), (200, 24), (200, 60), (400, 120)]
)
def test_parts_neither_overlap_nor_leave_the_terminal(
    size: tuple[int, int], current: str, zoomed: bool
) -> None:
    places = plan(room.PANES, *size, current, zoomed).places
    assert current in places
    for region in places.values():
        assert region.width > 0
        assert region.height > 0
        assert region.right <= size[0]
        assert region.bottom <= size[1]
    for one, other in combinations(places.values(), 2):
        assert not one.overlaps(other)
    if not zoomed:
        assert sum(region.area for region in places.values()) == size[0] * size[1]


def test_each_deployment_keeps_a_row_before_any_gets_a_second() -> None:
    def row(name: str, way: str, rps: float | None) -> GoldenRow:
        return GoldenRow(name, way, None, rps, None, None, None)

    rows = [row("a", "inbound", 1), row("a", "outbound", 1), row("b", "inbound", None),
            row("b", "outbound", 2), row("c", "inbound", None)]  # fmt: skip
    names = [(r.deployment, r.direction) for r in chosen(rows, 3)]
    assert names == [("a", "inbound"), ("b", "outbound"), ("c", "inbound")]
    assert chosen(rows, 5) == rows
    # where there is no room for all, traffic comes before silence
    assert [r.deployment for r in chosen([*rows[2:3], *rows[4:], *rows[:1]], 1)] == ["a"]


def test_the_strip_shows_active_runs_before_ended_ones_and_load_first() -> None:
    load, chaos = frames.load_run(), frames.chaos_run()
    ended = replace(load, id="r-0001", state="finished", ended=frames.NOW - 5)
    old = replace(ended, id="r-0000", ended=frames.NOW - 5000)
    listed = shown((chaos, ended, old, load), frames.NOW, 2)
    assert [run.id for run in listed] == ["r-0042", "r-0043"]
    assert [run.id for run in shown((ended, old), frames.NOW, 2)] == ["r-0001"]


async def test_a_row_of_the_strip_that_is_cut_says_so() -> None:
    run = replace(frames.chaos_run(), title="a title that is far too long for one row " * 4)
    frame = frames.calm()
    frame = frame.having(RUNS, replace(frame[RUNS], value=Runs((run,))))
    room = room_of(frame)
    async with room.run_test(size=(120, 40)):
        (row,) = [line for line in screen_text(room).splitlines() if "far too long" in line]
        assert row.rstrip().endswith("…")


async def test_the_axis_has_no_label_that_touches_the_next() -> None:
    room = room_of(replace(frames.loaded(), lanes=frames.lanes("r-0042")))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "b")
        (axis,) = [line for line in screen_text(room).splitlines() if "now │" in line]
        assert axis.split("now")[0].endswith(" ")


def test_progress_is_by_number_where_there_is_one_and_by_time_otherwise() -> None:
    run = frames.load_run(2500)
    assert progress(run, frames.NOW) == 0.25
    assert run.load is not None
    endless = replace(run, load=replace(run.load, total=None))
    assert progress(endless, frames.NOW) == pytest.approx(0.6)


def test_ids_and_keys_of_actions_are_unique() -> None:
    ids = [command.id for command in commands()]
    keys = [key for action in with_key(False) for key in action.key.split(",")]
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)
    assert tuple(slot.name for slot in room.PANES) == PANES
    assert all(slot.pane.command for slot in room.PANES)


def test_read_only_rooms_have_harmless_actions_only() -> None:
    assert {action.level for action in available(True)} == {"harmless"}
    assert {action.id for action in available(False)} >= {"load", "chaos", "stop_all", "purge"}
    assert set(footer(True)) <= set(available(True))
