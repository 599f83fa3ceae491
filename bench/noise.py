"""Blocks of two arms made of synthetic samples, of which the true ratio is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from controlroom.verdicts import Block, order

ARMS = ("A", "B")
_SAMPLES = 40
"""Requests in a block, where blocks are made of those."""

Noise = Callable[[random.Random, int], list[float]]
"""Logarithms of the values of so many blocks in a row, of arms that do not differ."""


def constant(chance: random.Random, count: int) -> list[float]:
    """The same value all the time, with 5 % of normal noise."""
    return [chance.gauss(0, 0.05) for _ in range(count)]


def heavy_tailed(chance: random.Random, count: int) -> list[float]:
    """p95 of requests whose times have a tail of Pareto, with infinite variance."""
    return [
        math.log(sorted(chance.paretovariate(1.8) for _ in range(_SAMPLES))[_SAMPLES * 95 // 100])
        for _ in range(count)
    ]


def autocorrelated(chance: random.Random, count: int) -> list[float]:
    """Means of requests each of which resembles the one before, within blocks and across them."""
    found, last = list[float](), 0.0
    for _ in range(count):
        total = 0.0
        for _ in range(_SAMPLES):
            last = 0.95 * last + chance.gauss(0, 0.1)
            total += last
        found.append(total / _SAMPLES)
    return found


def drift(chance: random.Random, count: int) -> list[float]:
    """Half as much again at the end as at the beginning."""
    return [chance.gauss(0, 0.05) + math.log(1.5) * at / count for at in range(count)]


def bursts(chance: random.Random, count: int) -> list[float]:
    """A neighbour who comes now and then, stays for some blocks, and makes all slower."""
    found, left = list[float](), 0
    for _ in range(count):
        if not left and chance.random() < 0.08:
            left = chance.randint(1, 3)
        found.append(chance.gauss(0, 0.05) + (chance.uniform(0.2, 1.0) if left else 0.0))
        left = max(left - 1, 0)
    return found


def order_effect(chance: random.Random, count: int) -> list[float]:
    """The first of each round meets cold caches: 20 % more."""
    return [
        chance.gauss(0, 0.05) + (0.0 if at % len(ARMS) else math.log(1.2)) for at in range(count)
    ]


def wandering(chance: random.Random, count: int) -> list[float]:
    """The level walks at random, as on a shared machine."""
    found, level = list[float](), 0.0
    for _ in range(count):
        level += chance.gauss(0, 0.04)
        found.append(level + chance.gauss(0, 0.05))
    return found


NOISES: dict[str, Noise] = {
    "constant": constant,
    "heavy-tailed": heavy_tailed,
    "autocorrelated": autocorrelated,
    "drift": drift,
    "bursts": bursts,
    "order effect": order_effect,
    "wandering": wandering,
}


def blocks_of(values: Sequence[float], seed: int, ratio: float = 1.0) -> list[Block]:
    """A and B in turns over these logarithms; A's values are `ratio` times what they were."""
    arms = order(ARMS, len(values) // len(ARMS), seed)
    more = {ARMS[0]: math.log(ratio)}
    return [
        Block(arm, place, math.exp(value + more.get(arm, 0.0)))
        for place, (arm, value) in enumerate(zip(arms, values, strict=True))
    ]
