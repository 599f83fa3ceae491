"""When arrivals are meant to happen: a list of times that depends on the plan and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice, takewhile
from random import Random

from controlroom.arrivals.plan import Plan


def intended(plan: Plan) -> Iterator[float]:
    """Seconds from the beginning to each arrival, ascending, all below `plan.seconds`."""
    gaps = _poisson(plan) if plan.arrivals == "poisson" else (n / plan.rate for n in count())
    return islice(takewhile(lambda at: at < plan.seconds, gaps), plan.number)


def _poisson(plan: Plan) -> Iterator[float]:
    chance, at = Random(plan.seed), 0.0
    while True:
        at += chance.expovariate(plan.rate)
        yield at
