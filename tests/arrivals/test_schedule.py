"""The schedule depends on the plan alone."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from controlroom.arrivals.plan import Plan
from controlroom.arrivals.schedule import intended


def plan(**more: object) -> Plan:
    """Ten seconds at 100/s."""
    given: dict[str, object] = {"url": "http://127.0.0.1:1", "rate": 100.0, "seconds": 10.0, **more}
    return Plan(**given)  # type: ignore[arg-type]


def test_equal_gaps_and_exactly_as_many_as_fit() -> None:
    times = list(intended(plan()))
    assert len(times) == 1000
    assert times[:3] == [0.0, 0.01, 0.02]
    assert times[-1] == pytest.approx(9.99)


def test_a_number_ends_it_earlier() -> None:
    assert len(list(intended(plan(number=7)))) == 7
    assert len(list(intended(plan(arrivals="poisson", number=7)))) == 7


def test_a_poisson_process_is_the_same_for_the_same_seed_only() -> None:
    one, again, other = (list(intended(plan(arrivals="poisson", seed=seed))) for seed in (4, 4, 5))
    assert one == again != other
    assert one == sorted(one)
    assert one[-1] < 10


def test_the_gaps_of_a_poisson_process_are_exponential() -> None:
    times = list(intended(plan(arrivals="poisson", rate=1000.0)))
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) == pytest.approx(10_000, rel=0.05)
    # the deviation of an exponential distribution is its mean
    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.05)
