"""One lab for all tests on real clusters, and overlays on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.clusters.environment import ClusterEnvironment, Deployed
from tests.own_lab import OwnLab


@pytest.fixture(scope="package")
def deployed(
    lab: OwnLab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Deployed]]:
    """`deployed(context, overlay, *more)`: that overlay on that cluster, ready.

    What is there already stays as it is, with what was counted and stored; another overlay on
    the same cluster is removed first. `more` are words of `deploy`. After the last test of this
    folder all of it goes, unless the lab is a developer's own.
    """
    environment = ClusterEnvironment(lab, tmp_path_factory.mktemp("images"))
    yield environment.deployed
    if "CONTROLROOM_TEST_LAB" not in os.environ:
        environment.clear()
