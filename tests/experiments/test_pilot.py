"""How many rounds a wanted width takes: from a pilot, within the time there is."""

from __future__ import annotations

from typing import Any

import pytest

from controlroom.experiments.errors import ExperimentError
from controlroom.experiments.format import read
from controlroom.experiments.pilot import Pilot, decided

PLAN: dict[str, Any] = {
    "scenario": "bands", "load": {"users": 4}, "compare": ["p95"], "width": "5%", "within": "20m",
    "arms": [{"name": "a"}, {"name": "b"}],
}  # fmt: skip


def blocks(noise: float, p95: float | None = 10.0) -> list[dict[str, Any]]:
    """Three rounds whose ratios differ by the noise."""
    made = []
    for place, swing in enumerate((0.0, 0.0, 1.0, 0.0, 0.0, 1.0)):
        value = None if p95 is None else p95 * (1 + noise * swing)
        arm = "ab"[place % 2]
        made.append({"arm": arm, "place": place, "phases": {"baseline": {"p95": value}}})
    return made


def test_the_noisier_the_pilot_the_more_rounds_and_never_more_than_the_time_has() -> None:
    plan = read(PLAN)
    quiet, noisy = (decided(plan, blocks(noise), 0.05, 100_000) for noise in (0.005, 0.05))
    assert quiet.needed is not None
    assert noisy.needed is not None
    assert 6 <= quiet.rounds == quiet.needed < noisy.needed == noisy.rounds
    bounded = decided(plan, blocks(0.05), 0.05, 20)
    assert (bounded.rounds, bounded.needed) == (20, noisy.needed)
    assert bounded.width is not None
    assert bounded.width > 0.05
    assert f"take {noisy.needed:,} rounds; the time allows 20, which give about" in (
        bounded.sentence()
    )
    assert decided(plan, blocks(0.005), 0.05, 100).sentence() == (
        f"after 3 rounds: intervals 5 % wide take {quiet.rounds} rounds"
    )


def test_a_pilot_without_data_leaves_what_the_time_allows_and_says_why() -> None:
    found = decided(read(PLAN), blocks(0.0, None), 0.05, 30)
    assert (found.rounds, found.needed, found.width) == (30, None, None)
    assert "p95: pilot: blocks of two or more arms, not of 0" in found.sentence()


def test_more_figures_are_more_questions() -> None:
    one = decided(read(PLAN), blocks(0.05), 0.05, 10**5)
    more = read({**PLAN, "compare": ["p95", "p50", "p99"]})
    every = [
        {
            **each,
            "phases": {
                "baseline": dict.fromkeys(("p95", "p50", "p99"), each["phases"]["baseline"]["p95"])
            },
        }
        for each in blocks(0.05)
    ]
    assert decided(more, every, 0.05, 10**5).rounds > one.rounds


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"width": "0%"}, "width"),
        ({"width": "five"}, "width"),
        ({"width": "5%", "arms": [{"name": "a"}]}, "width"),
        ({"within": "soon"}, "within"),
    ],
)
def test_what_cannot_be_wanted_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ExperimentError) as error:
        read({**PLAN, **changes})
    assert error.value.field == field


def test_it_fits_a_file() -> None:
    assert Pilot(0.1, 7, 7, 0.1).told()["sentence"].endswith("intervals 10 % wide take 7 rounds")
