"""Is it healthy, and if not, why: one word with its reason, the worst first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.board import Board
from controlroom.model.budget import Budget, budget_of
from controlroom.model.effects import ActiveEffect
from controlroom.model.fleet import Engine
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, QUEUES, RUNS, TALLIES, Frame, Key
from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.health import Health, SourceState
from controlroom.model.queues import Queues
from controlroom.model.run import Runs
from controlroom.model.samples import Sample
from controlroom.model.trouble import judged
from scenarios.limits import Bound, Grade, Limits, changed, read
from tests.room.frames import NOW, books, broken, calm, empty, fleet, live, loaded

LEFT = ActiveEffect("f-1", "fault", "r-1", "pod-kill", "running", None, False)


def with_lag(lag: int, trend: float | None) -> Frame:
    frame = calm().having(QUEUES, live(Queues("votes", "store", 12, 3, lag, 9)))
    return replace(frame, rates=replace(frame.rates, lag=trend))


def away(key: Key[object], state: SourceState) -> Frame:
    panel = calm()[key]
    return calm().having(key, replace(panel, health=Health(state, NOW - 9, "refused")))


def traffic(*rows: GoldenRow) -> Frame:
    return calm().having(GOLDEN, live(GoldenMetrics(rows, 30.0)))


def row(success: float = 1.0, p95: float = 9.0, direction: str = "inbound") -> GoldenRow:
    return GoldenRow("producer-http", direction, success, 400.0, 3.0, p95, p95)


def engine(state: str) -> Frame:
    found = fleet()
    return calm().having(FLEET, live(replace(found, engines=(Engine("redis", state),))))


@pytest.mark.parametrize(
    ("frame", "word", "reason"),
    [
        (calm(), "healthy", ""),
        (empty(), "connecting", ""),
        (calm().having(BOOKS, live(books(0, 7, 0))), "broken", "7 lost"),
        (calm().having(BOOKS, live(books(0, 0, 2))), "broken", "2 doubled"),
        (away(TALLIES, "reconnecting"), "broken", "redis away"),
        (away(LOG, "reconnecting"), "broken", "mongo away"),
        (away(GOLDEN, "reconnecting"), "degraded", "prometheus away"),
        (away(GOLDEN, "absent"), "degraded", "prometheus absent"),
        (away(RUNS, "denied"), "degraded", "runs denied"),
        (calm().having(FLEET, live(fleet(2))), "degraded", "consumer 2/3 ready"),
        (calm().having(FLEET, live(fleet(0))), "broken", "consumer 0/3 ready"),
        (engine("starting"), "broken", "redis starting"),
        (traffic(row(0.99)), "degraded", "producer-http success 99.0 %"),
        (traffic(row(0.9986)), "degraded", "producer-http success 99.9 %"),
        (traffic(row(0.5)), "broken", "producer-http success 50.0 %"),
        (traffic(row(p95=700)), "degraded", "producer-http p95 700 ms"),
        (traffic(row(p95=2500)), "broken", "producer-http p95 2.5 s"),
        (traffic(row(p95=2500, direction="outbound")), "healthy", ""),
        (with_lag(12_000, 90.0), "degraded", "lag 12k rising"),
        (with_lag(120_000, 90.0), "broken", "lag 120k rising"),
        (with_lag(120_000, -90.0), "degraded", "lag 120k falling"),
        (with_lag(12_000, None), "degraded", "lag 12k"),
        (replace(calm(), budget=Budget(0.999, 0.99, 7.0)), "degraded", "error budget burns 7x"),
        (replace(calm(), budget=Budget(0.999, 0.9, 20.0)), "broken", "error budget burns 20x"),
        (calm().having(RUNS, live(Runs((), (LEFT,)))), "degraded", "pod-kill left behind"),
    ],
)
def test_the_word_and_its_reason(frame: Frame, word: str, reason: str) -> None:
    verdict = judged(frame)
    assert verdict.word == word
    assert reason == (verdict.troubles[0].words if verdict.troubles else "")


def test_the_worst_is_named_first_and_the_others_are_kept() -> None:
    verdict = judged(broken())
    assert [one.words for one in verdict.troubles] == [
        "7 lost", "1 doubled", "redis away", "prometheus absent", "consumer 1/3 ready",
    ]  # fmt: skip


def test_figures_of_a_source_that_is_away_are_no_reason() -> None:
    frame = with_lag(120_000, 90.0)
    frame = frame.having(QUEUES, replace(frame[QUEUES], health=Health("reconnecting", NOW)))
    assert "kafka away" in [one.words for one in judged(frame).troubles]
    assert not any("lag" in one.words for one in judged(frame).troubles)


def test_limits_of_the_frame_count() -> None:
    frame = replace(loaded(), limits=changed(Limits(), read("lag = 100/1000, success=0.9/0.5")))
    assert [one.words for one in judged(frame).troubles] == ["lag 242 falling"]


def test_a_bound_grades_in_both_directions() -> None:
    assert [Bound(5, 10).grade(each) for each in (4, 5, 10)] == [0, 1, 2]
    assert [Bound(0.9, 0.5).grade(each) for each in (0.9, 0.89, 0.4)] == [0, 1, 2]
    assert Bound(5, 10).grade(None) is Grade.GOOD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lagg = 1/2", "lagg is not known"),
        ("lag = 5/2", "lag: the worse number, the larger one"),
        ("success = 0.5/0.9", "success: the worse number, the smaller one"),
        ("success = 2/1", "success must be shares"),
        ("lag = 5", "lag must be two numbers"),
        ("slo = 1", "slo must be a share below 1"),
        ("lag = a/b", "lag: 'a/b' is no number"),
        ("lag", "'lag' is no limit"),
    ],
)
def test_what_is_no_limit_is_told_by_its_name(words: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        changed(Limits(), read(words))


def test_a_budget_is_what_may_fail_less_what_failed() -> None:
    seconds = range(1800)
    rps = [(float(at), 100.0) for at in seconds]
    # one in a thousand may fail: two in a thousand did in the first half, none since
    success = [(float(at), 0.998 if at < 900 else 1.0) for at in seconds]
    budget = budget_of(rps, success, 0.999, 1799.0)
    assert budget is not None
    assert budget.left == pytest.approx(0.0, abs=0.01)
    assert budget.burn == 0
    assert budget_of([], [], 0.999, 0.0) is None
    assert budget_of([(1.0, 0.0)], [(1.0, None)], 0.999, 1.0) is None


def test_a_burn_that_is_over_is_none() -> None:
    rps = [(float(at), 10.0) for at in range(300)]
    during = [(at, 0.9) for at, _ in rps]
    after = [(at, 0.9 if at < 200 else 1.0) for at, _ in rps]
    spent, over = (budget_of(rps, each, 0.99, 299.0) for each in (during, after))
    assert spent is not None
    assert over is not None
    assert spent.burn == pytest.approx(10.0)
    assert over.burn == 0
    assert over.left < 0


def test_the_board_keeps_the_budget() -> None:
    board = Board("bands", "Bands", "local stack", limits=Limits(slo=0.9))
    golden = GoldenMetrics((row(0.95),), 30.0)
    board.apply(Sample("golden", NOW, golden, 30.0))
    frame = board.frame(NOW)
    assert frame.budget is not None
    assert frame.budget.left == pytest.approx(0.5)
    assert frame.limits.slo == 0.9
