"""Worlds for the feeds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from scenarios.loading import load
from tests.conftest import Engines
from tests.feeds.world import World


@pytest.fixture
async def bands(engines: Engines, make_scenario: Callable[[str], Path]) -> AsyncIterator[World]:
    """An empty world of votes."""
    world = World(engines, load(make_scenario("bands")))
    await world.open()
    yield world
    await world.close()


@pytest.fixture
async def worldcup(engines: Engines, make_scenario: Callable[[str], Path]) -> AsyncIterator[World]:
    """An empty world of predictions."""
    world = World(engines, load(make_scenario("worldcup")))
    await world.open()
    yield world
    await world.close()
