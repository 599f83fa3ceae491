"""Going through what a needle fits, round at both ends."""

from __future__ import annotations

import pytest

from controlroom.model.matches import Match, beside, places
from controlroom.model.needle import Needle

LINES = ["one fish", "two", "red fish", "blue", "new FISH"]


def test_lines_that_fit_are_found_also_by_expression_and_by_the_contrary() -> None:
    assert places(LINES, Needle("fish")) == [0, 2, 4]
    assert places(LINES, Needle("/^(two|blue)$/")) == [1, 3]
    assert places(LINES, Needle("!fish")) == [1, 3]


@pytest.mark.parametrize(
    ("here", "step", "match"),
    [
        (0, 1, Match(2, 2, 3)),
        (1, 1, Match(2, 2, 3)),
        (4, 1, Match(0, 1, 3, "first")),
        (4, -1, Match(2, 2, 3)),
        (3, -1, Match(2, 2, 3)),
        (0, -1, Match(4, 3, 3, "last")),
        (-1, 1, Match(0, 1, 3)),
        (5, -1, Match(4, 3, 3)),
    ],
)
def test_the_next_and_the_one_before(here: int, step: int, match: Match) -> None:
    assert beside([0, 2, 4], here, step) == match


def test_where_nothing_fits_there_is_none() -> None:
    assert beside([], 3, 1) is None
    assert beside([], 3, -1) is None


def test_it_says_its_place_and_that_it_went_round() -> None:
    assert Match(9, 3, 1_700).said == "match 3 of 1,700"
    assert Match(9, 1, 17, "first").said == "match 1 of 17, wrapped to the first"
