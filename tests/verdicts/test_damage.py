"""How much harm a fault did, and which does most."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pytest

from controlroom.verdicts import Weights, Window, damage, rank


def windows(
    begin: float, good: Sequence[float | None], p95: float = 10.0, lag: float = 0.0
) -> list[Window]:
    return [Window(begin + 2 * at, 2.0, one, p95, lag) for at, one in enumerate(good)]


BASELINE = windows(0, [100.0] * 10)


def test_a_fault_that_nobody_feels_does_no_harm() -> None:
    chance = random.Random(1)
    noise = [100 + chance.gauss(0, 2) for _ in range(200)]
    one = damage(windows(0, [*noise[:100]]), windows(200, [*noise[100:]]))
    assert one.score == pytest.approx(0, abs=1)
    assert (one.recovery, one.recovered, one.lag) == (0, True, 0)


def test_each_part_is_what_was_put_in() -> None:
    out = windows(20, [0.0] * 5 + [50.0] * 2 + [100.0] * 8)
    slow = [window._replace(p95=20.0) if 34 <= window.at < 44 else window for window in out]
    behind = [window._replace(lag=300.0) if window.at == 30 else window for window in slow]
    one = damage(BASELINE, behind, removed=30)
    assert (one.lost_requests, one.lost) == (1_200, 12)
    assert (one.slow, one.worst_p95) == (5, 2)
    assert (one.recovery, one.recovery_after_removal, one.recovered) == (24, 14, True)
    assert one.lag == 3
    assert one.score == pytest.approx(12 + 0.5 * 5 + 0.1 * 24 + 0.1 * 3)
    assert (one.unknown, one.resolution) == (0, 2)


def test_the_weights_are_shown_and_can_be_others() -> None:
    out = windows(20, [0.0] * 5 + [100.0] * 5)
    assert damage(BASELINE, out, weights=Weights(1, 0, 0, 0)).score == 10
    assert Weights().formula() == (
        "score = 1 x lost + 0.5 x slow + 0.1 x recovery + 0.1 x lag, each in s"
    )
    assert Weights(lost=2).formula().startswith("score = 2 x lost + ")


def test_what_is_not_known_is_neither_lost_nor_recovered() -> None:
    one = damage(BASELINE, windows(20, [0.0, 0.0, None, None, None, None]), removed=24)
    assert (one.lost, one.unknown) == (4, 8)
    assert (one.recovered, one.recovery, one.recovery_after_removal) == (False, 12, None)


def test_two_good_windows_in_an_outage_are_no_recovery() -> None:
    one = damage(BASELINE, windows(20, [0.0, 100.0, 100.0, 0.0, 100.0, 100.0, 100.0]))
    assert (one.recovery, one.recovered) == (8, True)


def test_a_queue_alone_keeps_it_from_being_well() -> None:
    late = [window._replace(lag=500.0) for window in windows(20, [100.0] * 4)]
    one = damage(BASELINE, late + windows(28, [100.0] * 4))
    assert (one.lost, one.recovery, one.lag) == (0, 8, 5)


@pytest.mark.parametrize(
    ("baseline", "observed", "word"),
    [
        (BASELINE[:4], BASELINE, "baseline: 4 windows, and 5 are needed"),
        (windows(0, [0.0] * 9), BASELINE, "baseline: it has no good requests"),
        (windows(0, [None] * 9), BASELINE, "good requests are known in 0 windows"),
        (BASELINE, [], "observed: no window"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    baseline: list[Window], observed: list[Window], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        damage(baseline, observed)


def test_faults_are_ranked_as_far_as_it_can_be_told() -> None:
    places = rank(
        {
            "kill": [14.0, 15.0, 16.0, 14.5],
            "dns": [15.0, 16.0, 15.5, 14.0],
            "failure": [60.0, 61.0, 59.0, 60.5],
            "delay": [1.0, 1.1, 0.9, 1.0],
        }
    )
    assert [place.name for place in places] == ["failure", "dns", "kill", "delay"]
    assert [(place.best, place.worst) for place in places] == [(1, 1), (2, 3), (2, 3), (4, 4)]
    first, second, third, _ = places
    assert first.not_told_from == ()
    assert (second.not_told_from, third.not_told_from) == (("kill",), ("dns",))
    assert first.sentence().startswith("1. failure: 60.1 s (")
    assert second.sentence().endswith("; cannot tell from kill")


def test_one_repetition_ranks_nothing() -> None:
    places = rank({"kill": [90.0], "delay": [1.0]})
    assert [place.not_told_from for place in places] == [("delay",), ("kill",)]
    assert places[0].sentence() == "1. kill: 90 s (one repetition); cannot tell from delay"
    assert rank({}) == []


def test_a_score_that_is_none_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="fault 'kill' has no score"):
        rank({"kill": []})
    with pytest.raises(ValueError, match="fault 'kill': scores are numbers from 0 on"):
        rank({"kill": [-1.0]})


def test_a_verdict_can_be_kept() -> None:
    kept = dataclasses.asdict(damage(BASELINE, BASELINE))
    assert set(kept) >= {"score", "lost", "slow", "recovery", "lag", "unknown", "resolution"}
