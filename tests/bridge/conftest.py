"""Scenarios of these tests' own, stored across a bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bridge.rig import Bridge, bridge
from tests.consumer.rig import Rig, worldcup

__all__ = ["worldcup"]


@pytest.fixture
async def across(worldcup: Rig) -> AsyncIterator[Bridge]:
    """Worker, client, link and server, all ready."""
    async with bridge(worldcup) as made:
        yield made
