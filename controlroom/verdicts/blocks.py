"""Blocks of a comparison: in which order arms are measured, and which two are a pair."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import NamedTuple


class Block(NamedTuple):
    """What was measured of one arm for a while."""

    arm: str
    place: int
    """In which order blocks were measured, from 0; one that failed keeps its place empty."""
    value: float
    """Above 0, in any unit; the same for all arms."""


class Pair(NamedTuple):
    """Two arms in one round."""

    difference: float
    """Logarithm of the first arm's value over the second's."""
    level: float
    """Mean of the logarithms of both values."""
    later: int
    """By how many places the first arm was measured later; negative: earlier."""
    middle: float
    """The place between both."""


def order(arms: Sequence[str], rounds: int, seed: int) -> list[str]:
    """The arm of each block: every round has each arm once, in random order.

    For each round there is one with the reverse order, somewhere (with an odd number of rounds,
    for all but one): each arm comes before each other one as often as after it, so that a place
    in the round favours none. Which rounds these are is left to chance: neighbours that mirror
    each other (ABBA) make the interval too narrow where blocks resemble the one before.

    Raises ValueError for less than two arms, an arm named twice, or no round.
    """
    if len(arms) < 2 or len(set(arms)) < len(arms):
        raise ValueError(f"arms: two or more different ones are compared, not {list(arms)}")
    if rounds < 1:
        raise ValueError(f"rounds: 1 or more, not {rounds}")
    chance = random.Random(seed)
    found: list[list[str]] = []
    while len(found) < rounds:
        one = chance.sample(arms, len(arms))
        found += [one, one[::-1]]
    del found[rounds:]
    chance.shuffle(found)
    return [arm for turn in found for arm in turn]


def pairs(
    blocks: Sequence[Block], first: str, second: str, arms: int | None = None
) -> tuple[list[Pair], int]:
    """(The rounds that have both arms, in their order; how many rounds have only one of them).

    `arms`: how many took turns; None: as many as `blocks` has. Raises ValueError, which names
    the block, where a value has no logarithm, or an arm is twice in a round or not there.
    """
    if first == second:
        raise ValueError(f"two arms are compared, and both are {first!r}")
    names = {block.arm for block in blocks}
    for arm in (first, second):
        if arm not in names:
            there = ", ".join(sorted(names)) or "none"
            raise ValueError(f"no block of arm {arm!r}; there are: {there}")
    turns: dict[int, dict[str, Block]] = {}
    for block in blocks:
        if block.arm in (first, second):
            _check(block)
            turn = turns.setdefault(block.place // (arms or len(names)), {})
            if block.arm in turn:
                raise ValueError(
                    f"arm {block.arm!r} is twice in a round (places {turn[block.arm].place} and "
                    f"{block.place}): give the blocks of all arms, or say how many took turns"
                )
            turn[block.arm] = block
    whole = [turn for _, turn in sorted(turns.items()) if len(turn) == 2]
    return [_pair(turn[first], turn[second]) for turn in whole], len(turns) - len(whole)


def _check(block: Block) -> None:
    if not (block.value > 0 and math.isfinite(block.value)):
        raise ValueError(
            f"block {block.place} of arm {block.arm!r} has the value {block.value}: a ratio needs "
            "values above 0; leave the block out, or compare another measure"
        )
    if block.place < 0:
        raise ValueError(f"a block of arm {block.arm!r} has the place {block.place}: from 0 on")


def _pair(one: Block, other: Block) -> Pair:
    a, b = math.log(one.value), math.log(other.value)
    return Pair(a - b, (a + b) / 2, one.place - other.place, (one.place + other.place) / 2)
