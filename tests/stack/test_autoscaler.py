"""The autoscaler's arithmetic, as the documentation of Kubernetes tells it."""

from __future__ import annotations

import pytest

from stack.autoscaler import PodLoad, Scaling, for_lag, highest, recommended
from stack.manifests.model import Autoscaler, ScalePolicy, ScalingRules
from stack.manifests.workloads import DOWN, UP


@pytest.mark.parametrize(
    ("loads", "number"),
    [
        ([0.2, 0.2], 4),
        ([0.1, 0.1], 2),
        ([0.105, 0.105], 2),
        ([0.112, 0.112], 3),
        ([0.05, 0.05], 1),
        ([0.0, 0.0], 0),
        ([0.3, None], 3),
        ([0.15, None], 2),
        ([0.02, None], 2),
        ([None, None], 2),
    ],
)
def test_the_recommendation_follows_the_ratio(loads: list[float | None], number: int) -> None:
    """Requests of 0.2 cores and an aim of 50 %: 0.1 cores for each pod."""
    found = recommended(2, [PodLoad(cores) for cores in loads], request=0.2, utilization=50)
    assert found == number


@pytest.mark.parametrize(
    ("current", "lag", "number"),
    [(2, 0, 0), (2, 200, 2), (2, 219, 2), (2, 221, 3), (2, 181, 2), (5, 101, 2), (2, 9_999, 100)],
)
def test_the_lag_asks_for_as_many_as_share_it(current: int, lag: int, number: int) -> None:
    """An aim of 100 records for each, and the tolerance of 10 % around what is there."""
    assert for_lag(current, lag, aim=100) == number


@pytest.mark.parametrize(
    ("desired_counts", "number"),
    [([2, 4], 4), ([1, 2], 2), ([None, 5], 5), ([None, 1], 3), ([None], 3)],
)
def test_the_greatest_wish_counts_and_an_unknown_one_holds(
    desired_counts: list[int | None], number: int
) -> None:
    assert highest(3, desired_counts) == number


def scaling(up: ScalingRules = UP, down: ScalingRules = DOWN) -> Scaling:
    return Scaling(Autoscaler("x", "x", 2, 5, 50, up, down))


def test_it_stays_within_its_bounds() -> None:
    assert scaling().decide(0, 2, 99) == 5
    assert scaling().decide(0, 5, 0) == 2


def test_going_down_waits_for_the_highest_wish_of_the_window() -> None:
    one = scaling(down=ScalingRules(60, (ScalePolicy("Percent", 100, 15),)))
    assert one.decide(0, 4, 4) == 4
    assert one.decide(30, 4, 2) == 4
    assert one.decide(60, 4, 2) == 4
    assert one.decide(61, 4, 2) == 2


def test_going_up_waits_for_the_lowest_wish_of_the_window() -> None:
    one = scaling(up=ScalingRules(15, (ScalePolicy("Pods", 5, 15),)))
    assert one.decide(0, 2, 2) == 2
    assert one.decide(10, 2, 4) == 2
    assert one.decide(16, 2, 4) == 4


def test_policies_bound_the_speed() -> None:
    one = scaling(up=ScalingRules(0, (ScalePolicy("Pods", 1, 15),)))
    assert one.decide(0, 2, 5) == 3
    assert one.decide(5, 3, 5) == 3
    assert one.decide(16, 3, 5) == 4


@pytest.mark.parametrize(("select", "number"), [("Max", 4), ("Min", 3), ("Disabled", 2)])
def test_the_select_policy_chooses_between_policies(select: str, number: int) -> None:
    policies = (ScalePolicy("Pods", 1, 15), ScalePolicy("Percent", 100, 15))
    rules = ScalingRules(0, policies, select)  # type: ignore[arg-type]
    assert scaling(up=rules).decide(0, 2, 5) == number


def test_a_choice_by_hand_holds_for_the_window() -> None:
    one = scaling(down=ScalingRules(60, (ScalePolicy("Pods", 1, 15),)))
    one.decide(0, 2, 2)
    one.by_hand(10, 5)
    assert one.decide(20, 5, 2) == 5
    assert one.decide(71, 5, 2) == 4
