"""Guards and the steady state: what is not known is never good."""

from __future__ import annotations

from typing import Any

import pytest

from controlroom.experiments.conditions import Watch, holds, unsteady
from controlroom.experiments.format import Bound, Guard, Limit
from tests.experiments.samples import calm, sample

SUCCESS = Guard("success", below=0.9, for_="3s")
LAG = Guard("lag", above=100, for_="2s")


def first_breach(guard: Guard, *seen: object) -> int | None:
    """In which second the guard ends it."""
    watch = Watch([guard])
    for at, one in enumerate(seen, 1):
        values = {"good": 0, "bad": 0} if one is None else one
        if watch.see(sample(float(at), **values)):  # type: ignore[arg-type]
            return at
    return None


BAD: dict[str, Any] = {"good": 50, "bad": 50}
GOOD: dict[str, Any] = {"good": 100, "bad": 0}


def test_a_breach_has_to_last() -> None:
    assert first_breach(SUCCESS, GOOD, BAD, BAD, BAD, BAD) == 4
    assert first_breach(SUCCESS, BAD, BAD, GOOD, BAD, BAD, GOOD) is None


def test_no_data_is_a_breach() -> None:
    assert first_breach(SUCCESS, None, None, None) == 3
    assert first_breach(SUCCESS, BAD, None, BAD) == 3
    assert first_breach(LAG, {"lag": None}, {"lag": None}) == 2
    assert first_breach(LAG, {"lag": 100}, {"lag": 100}, {"lag": 100}) is None
    assert first_breach(Guard("golden_success", below=0.9, for_="2s"), {}, {}) == 2


def test_a_breach_says_which_and_what_was_seen() -> None:
    watch = Watch([SUCCESS, LAG])
    assert watch.see(sample(1.0, lag=500)) == ""
    assert watch.see(sample(2.0, lag=700)) == "lag above 100 for 2s (now 700)"
    watch = Watch([LAG])
    watch.see(sample(1.0, lag=None))
    assert watch.see(sample(2.0, lag=None)) == "lag above 100 for 2s (now no data)"


def test_each_guard_has_a_time_of_its_own() -> None:
    watch = Watch([SUCCESS, LAG])
    assert not watch.see(sample(1.0, **BAD, lag=0))
    assert not watch.see(sample(2.0, **BAD, lag=500))
    assert watch.see(sample(3.0, **BAD, lag=500)).startswith("success below 0.9 for 3s")


def test_a_condition_without_data_does_not_hold() -> None:
    limit = Limit("lag", above=5)
    assert holds(limit, sample(1.0, lag=6))
    assert not holds(limit, sample(1.0, lag=5))
    assert not holds(limit, sample(1.0, lag=None))


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ([], ""),
        ([sample(11.0, **BAD)], ""),
        ([sample(11.0, **BAD), sample(12.0, **BAD)], "0.5 at worst"),
        ([sample(11.0, good=0), sample(12.0, good=0)], "1 at worst"),
    ],
)
def test_a_steady_state_holds_nine_times_of_ten(seen: list[object], why: str) -> None:
    bounds = [Bound("success", at_least=0.99)]
    samples = [*calm(1, 10), *seen]
    told = unsteady(bounds, samples)  # type: ignore[arg-type]
    assert told == (f"success of at least 0.99 does not hold: {why}" if why else "")


def test_without_data_there_is_no_steady_state() -> None:
    bounds = [Bound("lag", at_most=100)]
    assert "no data" in unsteady(bounds, [])
    assert "no data" in unsteady(bounds, [sample(1.0, lag=None)])
