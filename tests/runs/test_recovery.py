"""What is seen of a pipeline while one of its stores is away, as after a fault on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.fleet import Fleet
from controlroom.runs.recovery import RecoveryWatch
from controlroom.targets.abilities import Endpoints, TargetInfo
from tests.conftest import Engines
from tests.ports import free_port


class Target:
    """A fleet with nothing in it, and endpoints."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.known = endpoints

    async def fleet(self) -> Fleet:
        return Fleet((), ())

    async def endpoints(self) -> Endpoints:
        return self.known

    async def info(self) -> TargetInfo:
        return TargetInfo("here", "bands")

    async def close(self) -> None:
        return


@pytest.mark.parametrize("away", ["redis", "mongo", "kafka"])
async def test_a_store_that_is_away_is_nothing_seen(engines: Engines, away: str) -> None:
    endpoints = Endpoints({"kafka": engines.kafka, "redis": engines.redis, "mongo": engines.mongo})
    here, nowhere = Target(endpoints), f"127.0.0.1:{free_port()}"
    schemes = {"redis": "redis://", "mongo": "mongodb://", "kafka": "kafka://"}
    gone = Target(
        replace(endpoints, addresses={**endpoints.addresses, away: f"{schemes[away]}{nowhere}"})
    )

    async with RecoveryWatch(here) as watch:
        before = await watch.look()
    assert before.lag is not None
    async with RecoveryWatch(gone) as watch:
        seen = await watch.look()
    assert (seen.missing, seen.lag, seen.lost) == (0, None, None)
