"""Comparisons: the words, what cannot be compared, and how often a verdict is right."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import pytest

from bench.noise import NOISES, blocks_of
from controlroom.verdicts import Block, Comparison, compare, order
from controlroom.verdicts.words import about_number, at_most, between

QUIET = [0.01 * math.sin(7 * at) for at in range(48)]
"""Logarithms of 24 rounds with hardly any noise."""


def said(ratio: float, better: str = "less", values: Sequence[float] = QUIET) -> str:
    return found(ratio, better, values).sentence()


def found(ratio: float, better: str = "less", values: Sequence[float] = QUIET) -> Comparison:
    blocks = blocks_of(values, 3, ratio)
    return compare(blocks, "A", "B", better, seed=1)  # type: ignore[arg-type]


def test_the_order_has_each_arm_once_a_round_and_favours_none() -> None:
    arms = ["http", "grpc", "wasm"]
    one = order(arms, 20, seed=4)
    rounds = [one[at : at + 3] for at in range(0, 60, 3)]
    assert all(sorted(turn) == sorted(arms) for turn in rounds)
    for first, second in combinations(arms, 2):
        assert sum(turn.index(first) < turn.index(second) for turn in rounds) == 10
    assert order(arms, 20, seed=4) == one != order(arms, 20, seed=5)
    assert len(order(arms, 7, seed=4)) == 21


@pytest.mark.parametrize(("arms", "rounds"), [(["A"], 3), (["A", "A"], 3), (["A", "B"], 0)])
def test_an_order_of_what_cannot_be_compared_is_refused(arms: list[str], rounds: int) -> None:
    with pytest.raises(ValueError, match=r"arms|rounds"):
        order(arms, rounds, 1)


def test_the_three_sentences() -> None:
    noisy = [chance.gauss(0, 0.2) for chance in [random.Random(5)] for _ in range(24)]
    assert said(0.85) == "A is faster by 14 to 16 %"
    assert said(1.0) == "no difference larger than 1 %"
    assert said(1.0, values=noisy).startswith("cannot tell: needs about ")
    assert said(1.0, values=noisy).endswith(" more blocks")


@pytest.mark.parametrize(
    ("ratio", "better", "sentence"),
    [
        (0.8, "less", "A is faster by 20 %"),
        (1.25, "less", "B is faster by 20 %"),
        (1.25, "more", "A is faster by 25 %"),
        (0.8, "more", "B is faster by 25 %"),
        (3.0, "more", "A is faster by 200 %"),
        (1.0, "less", "no difference larger than 0.01 %"),
    ],
)
def test_percentages_are_of_the_slower_arm(ratio: float, better: str, sentence: str) -> None:
    assert said(ratio, better, [0.0] * 24) == sentence


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.123, 0.187, "12 to 19 %"),
        (0.004, 0.061, "0.4 to 6.1 %"),
        (0.00012, 0.0611, "0.01 to 6.11 %"),
        (0.000001, 0.0611, "up to 7 %"),
        (0.25, 0.25, "25 %"),
    ],
)
def test_percentages_are_rounded_outward(low: float, high: float, said: str) -> None:
    assert between(low, high) == said


@pytest.mark.parametrize(
    ("share", "limit", "said"),
    [(0.023, 0.05, "3 %"), (0.023, 0.025, "2.3 %"), (0.0499, 0.05, "5 %"), (0.0, 0.05, "0.01 %")],
)
def test_a_bound_is_rounded_up_but_not_past_the_margin(
    share: float, limit: float, said: str
) -> None:
    assert at_most(share, limit) == said


def test_numbers_of_blocks_are_rounded_up() -> None:
    assert [about_number(one) for one in (8, 38, 121, 12_001)] == [
        "about 8",
        "about 40",
        "about 150",
        "about 15,000",
    ]


def test_a_measure_and_a_word_of_its_own() -> None:
    one = found(0.8, values=[0.0] * 24)
    assert one.sentence("p95") == "p95: A is faster by 20 %"
    assert one.sentence("CPU", word="cheaper") == "CPU: A is cheaper by 20 %"
    assert one.winner == "A"
    assert found(1.0).winner == ""


def test_the_interval_turns_with_the_question() -> None:
    blocks = blocks_of(NOISES["constant"](random.Random(2), 40), 2, 1.2)
    one = compare(blocks, "A", "B", "less", seed=1)
    other = compare(blocks, "B", "A", "less", seed=1)
    assert one.low < one.ratio < one.high
    assert (other.low, other.ratio, other.high) == pytest.approx(
        (1 / one.high, 1 / one.ratio, 1 / one.low)
    )
    assert one.sentence() == other.sentence()


def test_more_questions_at_once_are_answered_more_strictly() -> None:
    blocks = blocks_of(NOISES["constant"](random.Random(2), 24), 2, 1.2)
    alone = compare(blocks, "A", "B", "less", seed=1)
    among = compare(blocks, "A", "B", "less", seed=1, questions=10)
    assert among.level == pytest.approx(0.995)
    assert among.low < alone.low < alone.high < among.high


def test_the_margin_parts_no_difference_from_cannot_tell() -> None:
    blocks = blocks_of(NOISES["constant"](random.Random(2), 40), 2)
    wide = compare(blocks, "A", "B", "less", seed=1, margin=0.1)
    narrow = compare(blocks, "A", "B", "less", seed=1, margin=0.01)
    assert (wide.kind, narrow.kind) == ("no difference", "cannot tell")
    assert (wide.low, wide.high) == (narrow.low, narrow.high)
    assert wide.more_blocks == 0
    assert narrow.more_blocks > 100


def test_drift_and_the_place_in_the_round_are_said_and_do_not_widen_the_interval() -> None:
    chance = random.Random(9)
    noise = [chance.gauss(0, 0.02) for _ in range(40)]
    calm = found(1.1, values=noise)
    risen = found(1.1, values=[one + 0.01 * at for at, one in enumerate(noise)])
    cold = found(1.1, values=[one + 0.2 * (at % 2 == 0) for at, one in enumerate(noise)])
    assert (calm.drift, calm.order_effect) == ("", "")
    assert risen.drift.startswith("values rose by about 4")
    assert cold.order_effect.startswith("each place later in a round was lower by about 1")
    assert (risen.order_effect, cold.drift) == ("", "")
    for one in (risen, cold):
        assert (one.low, one.high) == pytest.approx((calm.low, calm.high), rel=0.01)


def test_a_round_with_one_arm_only_is_left_out_and_counted() -> None:
    blocks = blocks_of(QUIET, 3, 0.8)
    some = [block for block in blocks if block.place not in (4, 9, 10, 11)]
    one = compare(some, "A", "B", "less", seed=1)
    assert (one.rounds, one.left_out) == (21, 2)
    assert one.winner == "A"


def test_two_arms_of_three_are_paired_by_their_rounds() -> None:
    arms = order(["A", "B", "C"], 12, 1)
    blocks = [Block(arm, at, {"A": 8.0, "B": 10.0, "C": 99.0}[arm]) for at, arm in enumerate(arms)]
    two = [block for block in blocks if block.arm != "C"]
    assert compare(blocks, "A", "B", "less", seed=1).rounds == 12
    assert compare(two, "A", "B", "less", seed=1, arms=3).rounds == 12
    with pytest.raises(ValueError, match=r"twice in a round .* say how many took turns"):
        compare(two, "A", "B", "less", seed=1)


@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_too_few_rounds_tell_nothing(rounds: int) -> None:
    one = compare(blocks_of(QUIET[: 2 * rounds], 3, 0.5), "A", "B", "less", seed=1)
    assert one.kind == "cannot tell"
    assert one.more_blocks >= 2 * (6 - rounds)
    assert (one.low, one.high) == (0.0, math.inf)


def test_an_arm_that_always_came_first_tells_nothing_and_it_is_said() -> None:
    blocks = [Block("AB"[at % 2], at, 1.0 + at % 2) for at in range(40)]
    one = compare(blocks, "A", "B", "less", seed=1)
    assert one.kind == "cannot tell"
    assert one.order_effect == "one arm always came first: what its place did cannot be told"


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_value_without_a_ratio_is_refused_by_its_name(value: float) -> None:
    blocks = [*blocks_of(QUIET, 3), Block("B", 50, value)]
    with pytest.raises(ValueError, match=r"block 50 of arm 'B' has the value .* above 0"):
        compare(blocks, "A", "B", "less", seed=1)


def test_an_arm_that_is_not_there_is_named() -> None:
    one = [Block("A", 0, 1.0), Block("A", 1, 1.0)]
    with pytest.raises(ValueError, match="no block of arm 'B'; there are: A"):
        compare(one, "A", "B", "less", seed=1)
    with pytest.raises(ValueError, match="no block of arm 'A'; there are: none"):
        compare([], "A", "B", "less", seed=1)
    with pytest.raises(ValueError, match="both are 'A'"):
        compare(one, "A", "A", "less", seed=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("level", 1.0), ("level", 0.1), ("questions", 0), ("margin", 0.0), ("margin", 1.5)],
)
def test_a_bound_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        compare(blocks_of(QUIET, 3), "A", "B", "less", seed=1, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^better: less or more"):
        compare(blocks_of(QUIET, 3), "A", "B", "lower", seed=1)  # type: ignore[arg-type]


def test_arms_that_do_not_differ_are_told_apart_as_often_as_is_said() -> None:
    """5 %, of 300 comparisons: more than 27 of them come by chance once in 1,000 times."""
    kinds = Counter(
        compare(blocks_of(NOISES[name](chance, 20), seed), "A", "B", "less", seed=seed).kind
        for name in ("constant", "bursts", "wandering")
        for seed in range(100)
        for chance in [random.Random(f"{name} {seed}")]
    )
    assert kinds["faster"] <= 27
    assert kinds["no difference"] + kinds["cannot tell"] >= 273


def test_ten_per_cent_are_found_and_never_the_wrong_way() -> None:
    winners = Counter(
        compare(blocks_of(NOISES[name](chance, 24), seed, 1.1), "A", "B", "less", seed=seed).winner
        for name in ("constant", "drift", "order effect")
        for seed in range(30)
        for chance in [random.Random(f"{name} {seed}")]
    )
    assert winners["B"] >= 80
    assert winners["A"] == 0
