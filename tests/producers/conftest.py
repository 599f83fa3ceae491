"""Producers of a scenario; a module that says `source` has others than votes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Engines
from tests.producers.running import MakeScenario, Producers, producers


@pytest.fixture
def source() -> str:
    """The scenario."""
    return "bands"


@pytest.fixture
async def cast(
    engines: Engines, make_scenario: MakeScenario, source: str, tmp_path: Path
) -> AsyncIterator[Producers]:
    """Its producers, with topics of their own."""
    async with producers(engines, make_scenario(source), tmp_path) as cast:
        yield cast
