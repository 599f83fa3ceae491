"""How many blocks it takes."""

from __future__ import annotations

import random
import statistics

import pytest

from bench.noise import NOISES, blocks_of
from controlroom.verdicts import blocks_needed, compare, width_after
from controlroom.verdicts.student import chi_square, inside, quantile

PILOT = blocks_of(NOISES["constant"](random.Random(1), 12), 1)


def test_a_narrower_interval_takes_more_blocks_in_whole_rounds_up_to_the_limit() -> None:
    wide, narrow = (blocks_needed(PILOT, width, most=10_000) for width in (0.2, 0.05))
    assert 12 <= wide < narrow < 10_000
    assert wide % 2 == narrow % 2 == 0
    assert width_after(PILOT, narrow) <= 0.05 < width_after(PILOT, narrow - 2)
    assert blocks_needed(PILOT, 0.05, most=31) == 30
    assert width_after(PILOT, 30) > 0.05


def test_what_is_asked_for_is_enough_more_often_than_not() -> None:
    widths = []
    for seed in range(40):
        chance = random.Random(seed)
        pilot = blocks_of(NOISES["constant"](chance, 12), seed)
        blocks = blocks_needed(pilot, 0.12, most=400)
        one = compare(
            blocks_of(NOISES["constant"](chance, blocks), seed), "A", "B", "less", seed=seed
        )
        widths.append(one.high - one.low)
    assert sum(width <= 0.12 for width in widths) >= 26
    assert statistics.median(widths) > 0.06


def test_the_blocks_that_cannot_tell_asks_for_are_mostly_enough() -> None:
    told = asked = 0
    for seed in range(40):
        chance = random.Random(seed)
        first = compare(
            blocks_of(NOISES["constant"](chance, 16), seed), "A", "B", "less", seed=seed
        )
        if first.kind == "cannot tell":
            more = blocks_of(NOISES["constant"](chance, 16 + first.more_blocks), seed)
            asked += 1
            told += compare(more, "A", "B", "less", seed=seed).kind != "cannot tell"
    assert asked >= 20
    assert told >= 0.6 * asked


def test_a_pilot_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="pilot: blocks of two or more arms, not of 0"):
        blocks_needed([], 0.1, most=100)
    with pytest.raises(ValueError, match="pilot: 2 rounds have both 'A' and 'B'; 3 are needed"):
        blocks_needed(PILOT[:4], 0.1, most=100)
    with pytest.raises(ValueError, match="most: 10 blocks are less than the 6 rounds of 2 arms"):
        blocks_needed(PILOT, 0.1, most=10)
    with pytest.raises(ValueError, match="width: above 0"):
        blocks_needed(PILOT, 0.0, most=100)
    with pytest.raises(ValueError, match="blocks: 10 are less than 6 rounds"):
        width_after(PILOT, 10)


@pytest.mark.parametrize(
    ("level", "freedom", "t"),
    [
        (0.95, 1, 12.7062),
        (0.95, 2, 4.3027),
        (0.95, 4, 2.7764),
        (0.99, 5, 4.0321),
        (0.95, 38, 2.0244),
    ],
)
def test_quantiles_are_those_of_the_tables(level: float, freedom: int, t: float) -> None:
    assert quantile(level, freedom) == pytest.approx(t, abs=1e-4)
    assert inside(t, freedom) == pytest.approx(level, abs=1e-5)
    assert chi_square(0.2, 10) == pytest.approx(6.179, rel=0.01)
