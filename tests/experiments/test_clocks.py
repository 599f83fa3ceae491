"""Clocks of a fault, from samples: none of them runs on what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controlroom.experiments.clocks import Clocks, clocks
from controlroom.experiments.measures import Sample
from tests.experiments.samples import calm, sample

BEFORE = calm(1, 10, "baseline")
INJECTED, REMOVED = 10.0, 14.0


def of(*after: Sample, removed: float | None = REMOVED) -> Clocks:
    return clocks(BEFORE, [*BEFORE, *after], INJECTED, removed)


def at(second: float, **seen: Any) -> Sample:
    return sample(second, **seen)


def test_two_clocks_run_to_the_first_of_three_good_seconds() -> None:
    found = of(at(11.0), at(12.0, bad=20), at(13.0, bad=90), at(14.0, bad=5), *calm(15, 18))
    assert found.disturbed is True
    assert found.first_error == 2.0
    assert (found.from_injection, found.from_removal) == (5.0, 1.0)


def test_a_second_good_one_between_bad_ones_is_no_recovery() -> None:
    found = of(at(11.0, bad=9), at(12.0), at(13.0), at(14.0, bad=9), *calm(15, 17))
    assert found.from_injection == 5.0
    assert of(at(11.0, bad=9), at(12.0), at(13.0)).from_injection is None


def test_no_data_is_never_recovery() -> None:
    silent = [replace(one, good=0, p95=None) for one in calm(12, 20)]
    assert of(at(11.0, bad=9), *silent).from_injection is None
    blind = [replace(one, lag=None) for one in calm(12, 20)]
    assert of(at(11.0, bad=9), *blind).from_injection is None
    unseen = [replace(one, lag=None) for one in BEFORE]
    found = clocks(unseen, [at(11.0, bad=9), *calm(12, 20)], INJECTED, REMOVED)
    assert (found.disturbed, found.from_injection) == (None, None)


def test_what_was_not_disturbed_has_nothing_to_recover_from() -> None:
    assert of(*calm(11, 20)) == Clocks(False, None, None, None, 10, None)


def test_recovered_while_it_is_on_or_never_removed() -> None:
    found = of(at(11.0, bad=9), *calm(12, 16))
    assert (found.from_injection, found.from_removal) == (2.0, 0.0)
    assert of(at(11.0, bad=9), *calm(12, 16), removed=None).from_removal is None


def test_slow_or_few_answers_and_missing_pods_are_a_disturbance() -> None:
    for seen in ({"p95": 11.0}, {"good": 49}, {"missing": 1}, {"lag": 101}):
        assert of(at(11.0, **seen), *calm(12, 16)).disturbed is True, seen
    for seen in ({"p95": 10.0}, {"good": 50}, {"lag": 100}):
        assert of(at(11.0, **seen), *calm(12, 16)).disturbed is False, seen


def test_lag_has_a_peak_and_a_time_to_drain() -> None:
    found = of(at(11.0, lag=400), at(12.0, lag=900), at(13.0, lag=300), *calm(14, 17))
    assert (found.lag_peak, found.lag_drain) == (900, 2.0)
    found = of(at(11.0, lag=400), at(12.0, lag=900))
    assert (found.lag_peak, found.lag_drain) == (900, None)
    assert of(at(11.0, lag=None)).lag_peak is None
