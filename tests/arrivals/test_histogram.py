"""The histogram counts as the package does whose format it is written in."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hdrh.histogram import HdrHistogram

from controlroom.arrivals.histogram import DIGITS, HEAD, HIGHEST, Histogram

EDGES = [1, 2, 2047, 2048, 2049, 4095, 4096, HIGHEST - 1, HIGHEST, HIGHEST * 9]


def of(values: list[int]) -> Histogram:
    """All of them."""
    one = Histogram()
    for value in values:
        one.add(value)
    return one


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_packages_histogram(seed: int) -> None:
    chance = Random(seed)
    values = [max(1, int(chance.lognormvariate(7, 2))) for _ in range(2000)] + EDGES
    ours, theirs = of(values), HdrHistogram(1, HIGHEST, DIGITS)
    for value in values:
        theirs.record_value(min(value, HIGHEST))
    percents = (0, 1, 50, 95, 99, 99.9, 100)
    wanted = [theirs.get_value_at_percentile(one) / 1000 for one in percents]
    assert ours.percentiles(*percents) == wanted
    mean = ours.mean
    assert mean is not None
    assert mean == pytest.approx(theirs.get_mean_value() / 1000, rel=1e-3)
    assert ours.max == theirs.get_max_value() / 1000
    assert ours.total == theirs.get_total_count()
    # and the package reads what is written
    again = HdrHistogram.decode(ours.line(0.0, 1.0).strip().split(",")[3])
    assert [again.get_value_at_percentile(one) / 1000 for one in percents] == wanted


def test_merged_and_read_again_nothing_is_lost(tmp_path: Path) -> None:
    chance = Random(1)
    one, two = (of([chance.randrange(10**7) for _ in range(500)]) for _ in range(2))
    whole = one.copy()
    whole.merge(two)
    assert whole.total == 1000
    whole.write(tmp_path / "whole.hlog")
    assert Histogram.read(tmp_path / "whole.hlog").counts == whole.counts


def test_intervals_are_chosen_by_time_and_a_torn_one_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = [of([second] * second).line(second, 1.0) for second in (1, 2, 3)]
    path.write_text(HEAD + "".join(lines) + of([9]).line(9, 1.0)[:30])
    assert Histogram.read(path).total == 6
    assert Histogram.read(path, since=2, until=3).counts == {2: 2}


def test_without_a_time_there_is_no_figure() -> None:
    assert set(Histogram().summary().values()) == {None}
    assert Histogram().share_within(1) is None


def test_share_within() -> None:
    one = of([1000, 2000, 3000, 4000])
    assert one.share_within(2000) == 0.5
    # a bucket is within when all of it is
    assert one.share_within(2999) == 0.5
