"""The board: what it keeps, what it says of its sources, what it computes."""

from __future__ import annotations

import random

import pytest

from controlroom.model.board import LOG_LINES, Board, overall
from controlroom.model.frame import GOLDEN, KEYS, LOG, TALLIES
from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.log import LogBatch, LogLine
from controlroom.model.queues import Queues
from controlroom.model.run import ChaosFigures, Runs, RunView
from controlroom.model.samples import Failed, NoData, Sample
from controlroom.model.tallies import Selection, Tallies, TallyChoice, TallyRow

T0 = 1_700_000_000.0


def board(**periods: float) -> Board:
    return Board("bands", "Band voting", "local stack", periods=periods)


def votes(total: int, selected: str | None = None, **rows: int) -> Tallies:
    selections = (Selection("phase", (TallyChoice("1", "one"),), selected),) if selected else ()
    listed = tuple(TallyRow((name,), count) for name, count in rows.items())
    return Tallies(("name",), listed, total, "votes", selections=selections)


def line(number: int) -> LogLine:
    return LogLine(0, number, T0, T0, f"line {number}")


def curve(frame_of: Board, name: str, now: float) -> tuple[tuple[float, float | None], ...]:
    return next(c.points for c in frame_of.frame(now).curves if c.name == name)


def test_before_the_first_report_every_source_is_connecting() -> None:
    frame = board().frame(T0)
    assert {frame[key].health.state for key in KEYS} == {"connecting"}
    assert frame.rates.total is None
    assert frame.rates.lag is None


def test_a_source_turns_stale_after_four_periods_and_keeps_its_value() -> None:
    room = board(tallies=1.0)
    room.apply(Sample("tallies", T0, votes(5)))
    assert room.frame(T0 + 4)[TALLIES].health.state == "live"
    late = room.frame(T0 + 4.1)[TALLIES]
    assert (late.health.state, late.health.since) == ("stale", T0)
    assert late.value == votes(5)
    room.apply(Sample("tallies", T0 + 6, votes(6)))
    assert room.frame(T0 + 6)[TALLIES].health.state == "live"


def test_a_failure_keeps_the_value_and_the_time_since_which_it_is_away() -> None:
    room = board()
    room.apply(Sample("tallies", T0, votes(5)))
    room.apply(Failed("tallies", T0 + 1, "Redis: refused", "wait", retry_at=T0 + 2))
    room.apply(Failed("tallies", T0 + 2, "Redis: refused", "wait", retry_at=T0 + 4))
    panel = room.frame(T0 + 3)[TALLIES]
    assert panel.value == votes(5)
    assert panel.measured == T0
    assert panel.health.state == "reconnecting"
    assert (panel.health.since, panel.health.retry_at) == (T0 + 1, T0 + 4)
    room.apply(Failed("tallies", T0 + 5, "Redis: password", "set it", denied=True))
    assert room.frame(T0 + 5)[TALLIES].health.state == "denied"


def test_no_data_is_live_and_empty() -> None:
    room = board()
    room.apply(NoData("golden", T0))
    panel = room.frame(T0)[GOLDEN]
    assert (panel.value, panel.health.state, panel.measured) == (None, "live", T0)


def test_rates_are_those_of_the_last_five_seconds() -> None:
    room = board()
    for step in range(101):
        fast = 0 if step < 50 else (step - 50) * 20
        room.apply(Sample("tallies", T0 + step / 10, votes(step + fast, a=step, b=fast)))
    rates = room.frame(T0 + 10).rates
    assert rates.rows == {("a",): pytest.approx(10), ("b",): pytest.approx(200)}
    assert rates.total == pytest.approx(210)
    assert room.frame(T0 + 20).rates.total is None


def test_another_selection_or_a_fallen_total_begins_the_rates_anew() -> None:
    room = board()
    room.apply(Sample("tallies", T0, votes(100, "1", a=1)))
    room.apply(Sample("tallies", T0 + 1, votes(100, "2", a=90)))
    assert room.frame(T0 + 1).rates.rows == {}
    room.apply(Sample("tallies", T0 + 2, votes(10, "2", a=10)))
    assert room.frame(T0 + 2).rates.total is None


def test_the_lag_trend_is_the_slope_of_a_saw() -> None:
    room = board()
    for step in range(40):
        lag = 1000 + step * 25 + (40 if step % 2 else -40)
        queues = Queues("t", "g", 12, 2, lag, 5000)
        room.apply(Sample("queues", T0 + step / 4, queues))
    assert room.frame(T0 + 10).rates.lag == pytest.approx(100, rel=0.05)


def test_curves_hold_one_point_a_second_and_gaps() -> None:
    room = board()
    for step in range(8):
        queues = Queues("t", "g", 12, 2, step, 5000)
        room.apply(Sample("queues", T0 + step / 4, queues))
    room.apply(Failed("queues", T0 + 1.9, "away", "wait"))
    room.apply(Failed("queues", T0 + 2.1, "away", "wait"))
    assert curve(room, "lag", T0 + 3) == ((T0, 3), (T0 + 1, 7), (T0 + 2, None))
    room.fill("lag", [(T0 - 2, 70.0), (T0 - 1, 80.0), (T0, 90.0)])
    assert curve(room, "lag", T0 + 3)[:3] == ((T0 - 2, 70.0), (T0 - 1, 80.0), (T0, 3))


def test_a_curve_is_bounded_and_filling_never_pushes_out_new_points() -> None:
    room = board()
    for second in range(2000):
        room.apply(Sample("queues", T0 + second, Queues("t", "g", 12, 2, second, 0)))
    room.fill("lag", [(T0 + 100, 1.0)])
    points = curve(room, "lag", T0 + 2000)
    assert len(points) == 1800
    assert points[-1] == (T0 + 1999, 1999)


def test_the_overall_figures_add_requests_and_weigh_success() -> None:
    rows = (
        GoldenRow("a", "inbound", 1.0, 300.0, 1.0, 9.0, 20.0),
        GoldenRow("b", "inbound", 0.5, 100.0, 1.0, 12.0, 20.0),
        GoldenRow("c", "inbound", None, None, None, None, None),
        GoldenRow("d", "outbound", 0.0, 999.0, 1.0, 999.0, 20.0),
    )
    assert overall(GoldenMetrics(rows, 30.0)) == {"rps": 400.0, "success": 0.875, "p95": 12.0}
    assert overall(GoldenMetrics(rows[2:], 30.0)) == {"rps": 0.0, "success": None, "p95": None}


def test_the_log_keeps_the_newest_lines_and_their_numbers_whatever_the_batches() -> None:
    chance = random.Random(7)
    room = board()
    sent = skipped = 0
    for step in range(60):
        count, left_out = chance.randrange(400), chance.choice([0, 0, 50])
        skipped += left_out
        batch = LogBatch(tuple(line(sent + n) for n in range(count)), left_out, sent + count)
        sent += count
        room.apply(Sample("log", T0 + step, batch))
        view = room.frame(T0 + step)[LOG].value
        assert view is not None
        assert view.first + len(view.lines) == sent
        assert len(view.lines) == min(sent, LOG_LINES)
        assert [one.offset for one in view.lines] == list(range(view.first, sent))
        assert (view.skipped, view.total) == (skipped, sent)
    assert room.frame(T0 + 100)[LOG].value.skipped_now == 0  # type: ignore[union-attr]


def test_marks_are_kept_when_a_run_is_no_longer_listed() -> None:
    over = ChaosFigures("PodChaos", "pod-kill", (), "finished", recovered=True)
    load = RunView("r-1", "load", "load http", "finished", T0, T0 + 60, T0 + 9, "number")
    kill = RunView("r-2", "chaos", "pod-kill", "finished", T0 + 3, None, T0 + 5, "", chaos=over)
    room = board()
    room.apply(Sample("runs", T0 + 10, Runs((load, kill))))
    room.apply(Sample("runs", T0 + 11, Runs(())))
    frame = room.frame(T0 + 11)
    assert [(mark.sign, mark.at - T0) for mark in frame.marks] == [
        ("load", 0),
        ("fault", 3),
        ("recovered", 5),
        ("load-end", 9),
    ]
    assert room.frame(T0 + 6 * 3600 + 20).marks == ()


def test_frames_share_what_did_not_change() -> None:
    room = board()
    room.apply(Sample("log", T0, LogBatch((line(1),), 0, 1)))
    first, second = room.frame(T0), room.frame(T0 + 0.1)
    one, other = first[LOG].value, second[LOG].value
    assert one is not None
    assert other is not None
    assert one.lines is other.lines
    assert first.curves[0].points is second.curves[0].points
