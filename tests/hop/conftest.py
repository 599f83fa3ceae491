"""Scenarios of these tests' own, stored across a hop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.consumer.rig import Rig, worldcup
from tests.hop.rig import Hop, hop

__all__ = ["worldcup"]


@pytest.fixture
async def across(worldcup: Rig) -> AsyncIterator[Hop]:
    """Worker, client, link and server, all ready."""
    async with hop(worldcup) as made:
        yield made
