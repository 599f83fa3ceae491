"""How many blocks it takes, from those that are there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

from controlroom.verdicts.blocks import Block, pairs
from controlroom.verdicts.interval import Line, line
from controlroom.verdicts.student import chi_square, quantile

LEAST_ROUNDS = 6
"""Fewer rounds give no verdict, whatever they show."""
MOST_ROUNDS = 100_000
POWER = 0.8
"""Chance that what is asked for is enough, if the estimate is right."""
_PILOT_ROUNDS = 3


def rounds_to_tell(fit: Line, reach: float, level: float, limit: float) -> int:
    """Rounds, all in all, after which the verdict is no longer "cannot tell", 4 times in 5.

    `reach`: by how much the interval is wider than Student's, 1 for as wide. `limit`: logarithm of
    the margin. It is told when the interval is narrow enough to leave 1 out, or to lie within the
    margin: whichever comes first if the true value is what is left of the estimate once its own
    chance is taken off (shrunk as James and Stein do: an estimate within one error is none).
    """
    apart = max(abs(fit.centre) - fit.error**2 / abs(fit.centre), 0.0) if fit.centre else 0.0

    def told(rounds: int) -> bool:
        error = fit.spread / math.sqrt(rounds)
        half = quantile(level, rounds - 2) * reach * error
        chance = quantile(2 * POWER - 1, rounds - 2) * error
        # alike has two ends to miss, which count both when the estimate is in the middle
        both = quantile(POWER, rounds - 2) * error
        return half + chance <= apart or half + both <= limit - apart

    return _fewest(told)


def blocks_needed(
    pilot: Sequence[Block], width: float, *, level: float = 0.95, questions: int = 1, most: int
) -> int:
    """Blocks of all arms together, after which intervals are as narrow as wanted, 4 times in 5.

    `pilot`: blocks of two or more arms in turns, three rounds at least; they may be counted in,
    they are not subtracted. `width`: of the interval of a ratio, from end to end: 0.1 for 5 % to
    each side. `level` and `questions` as in `compare`. `most`: blocks that there is time for; the
    answer is never more, and is in whole rounds. `width_after` says what those give.

    A pilot's spread is itself chance, so the one that is exceeded 1 time in 5 is reckoned with
    (Browne, On the use of a pilot sample for sample size determination, 1995). The pair of arms
    that needs most decides.

    Raises ValueError where there is time for less than `LEAST_ROUNDS` rounds, where the pilot is
    too short, and as `compare` does.
    """
    if not width > 0:
        raise ValueError(f"width: above 0, such as 0.1, not {width}")
    arms, spread = _spread(pilot)
    if most < LEAST_ROUNDS * arms:
        raise ValueError(
            f"most: {most} blocks are less than the {LEAST_ROUNDS} rounds of {arms} arms that a "
            "verdict takes; make blocks shorter or the limit longer"
        )
    level = 1 - (1 - level) / questions
    rounds = _fewest(lambda rounds: _width(spread, rounds, level) <= width)
    return min(rounds, most // arms) * arms


def width_after(
    pilot: Sequence[Block], blocks: int, *, level: float = 0.95, questions: int = 1
) -> float:
    """The width of the interval that so many blocks of all arms give, as `blocks_needed` reckons.

    Raises ValueError as `blocks_needed` does.
    """
    arms, spread = _spread(pilot)
    if blocks < LEAST_ROUNDS * arms:
        raise ValueError(f"blocks: {blocks} are less than {LEAST_ROUNDS} rounds of {arms} arms")
    return _width(spread, blocks // arms, 1 - (1 - level) / questions)


def _width(spread: float, rounds: int, level: float) -> float:
    half = quantile(level, rounds - 2) * spread / math.sqrt(rounds)
    return 2 * math.sinh(half) if half < 100 else math.inf


def _spread(pilot: Sequence[Block]) -> tuple[int, float]:
    """(Arms, the largest spread of a difference that the pilot leaves possible 1 time in 5)."""
    arms = sorted({block.arm for block in pilot})
    if len(arms) < 2:
        raise ValueError(f"pilot: blocks of two or more arms, not of {len(arms)}")
    spreads = []
    for first, second in combinations(arms, 2):
        found, _ = pairs(pilot, first, second)
        if len(found) < _PILOT_ROUNDS:
            raise ValueError(
                f"pilot: {len(found)} rounds have both {first!r} and {second!r}; "
                f"{_PILOT_ROUNDS} are needed"
            )
        fit = line([p.difference for p in found], [p.later for p in found])
        share = fit.freedom / chi_square(1 - POWER, fit.freedom)
        spreads.append(fit.spread * math.sqrt(share))
    return len(arms), max(spreads)


def _fewest(enough: Callable[[int], bool]) -> int:
    """The fewest rounds that are enough, within the bounds."""
    low, high = LEAST_ROUNDS - 1, LEAST_ROUNDS
    while not enough(high):
        if high >= MOST_ROUNDS:
            return MOST_ROUNDS
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
