"""What is seen of a pipeline while one of its stores is away, as after a fault on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.fleet import Fleet
from controlroom.runs.recovery import Watch
from controlroom.targets.abilities import Endpoints, TargetInfo
from tests.conftest import Engines
from tests.ports import free_port


class Target:
    """A fleet with nothing in it, and doors."""

    def __init__(self, doors: Endpoints) -> None:
        self.doors = doors

    async def fleet(self) -> Fleet:
        return Fleet((), ())

    async def endpoints(self) -> Endpoints:
        return self.doors

    async def info(self) -> TargetInfo:
        return TargetInfo("here", "bands")

    async def close(self) -> None:
        return


@pytest.mark.parametrize("away", ["redis", "mongo", "kafka"])
async def test_a_store_that_is_away_is_nothing_seen(engines: Engines, away: str) -> None:
    doors = Endpoints({"kafka": engines.kafka, "redis": engines.redis, "mongo": engines.mongo})
    here, nowhere = Target(doors), f"127.0.0.1:{free_port()}"
    schemes = {"redis": "redis://", "mongo": "mongodb://", "kafka": "kafka://"}
    gone = Target(replace(doors, addresses={**doors.addresses, away: f"{schemes[away]}{nowhere}"}))

    async with Watch(here) as watch:
        before = await watch.look()
    assert before.lag is not None
    async with Watch(gone) as watch:
        seen = await watch.look()
    assert (seen.missing, seen.lag, seen.lost) == (0, None, None)
