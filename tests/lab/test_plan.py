"""Numbers and names: no two labs share anything, and everything begins with `lab`."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from lab.network import collides
from lab.plan import LETTERS, NETWORK, NUMBERS, ClusterPlan, Network, networks, plan

FOLDER = Path("/state/lab")


def test_no_two_labs_share_a_network() -> None:
    every = [net for number in NUMBERS for net in networks(plan(number, len(LETTERS), FOLDER))]
    assert len(every) == len(NUMBERS) * len(LETTERS) * 3
    whole = Network(NETWORK)
    assert all(net.subnet_of(whole) for net in every)
    ordered = sorted(every)
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(ordered))


def test_addresses_lie_in_their_networks() -> None:
    for cluster in plan(len(NUMBERS) - 1, len(LETTERS), FOLDER).clusters:
        assert {cluster.gateway, cluster.address} == set(cluster.link.hosts())
        assert cluster.dns in cluster.services
        assert cluster.api_service in cluster.services


def test_both_ends_of_the_join_are_on_one_link() -> None:
    one, other = plan(3, 2, FOLDER).clusters
    assert one.join != other.join
    assert Network(f"{one.join}/30", strict=False) == Network(f"{other.join}/30", strict=False)


def test_names_on_the_machine_begin_with_lab_and_fit_a_link() -> None:
    clusters: list[ClusterPlan] = [c for n in NUMBERS for c in plan(n, 2, FOLDER).clusters]
    tags = {cluster.tag for cluster in clusters}
    assert len(tags) == len(clusters)
    assert all(tag.startswith("lab") and len(tag) <= 15 for tag in tags)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [("10.201.0.0/24", True), ("10.0.0.0/8", True), ("192.0.2.0/24", False)],
)
def test_a_network_of_somebody_else_is_seen(taken: str, expected: bool) -> None:
    assert collides(plan(0, 2, FOLDER), [Network(taken)]) is expected


def test_a_network_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="/14"):
        plan(0, 2, FOLDER, "10.0.0.0/16")
