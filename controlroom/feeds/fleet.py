"""Deployments, pods, engines and events, as the target tells them."""

from __future__ import annotations

from dataclasses import replace

from controlroom.feeds.gateways import Gateways
from controlroom.model.fleet import Fleet
from controlroom.targets.abilities import HasFleet


class FleetSource:
    """Asks the target. It is opened and closed by whoever made it."""

    name = "fleet"
    period = 0.5
    timeout = 5.0
    needs: tuple[str, ...] = ()

    def __init__(self, target: HasFleet, gateways: Gateways | None = None) -> None:
        self._target = target
        self._gateways = gateways

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self) -> Fleet:
        """What runs now."""
        fleet = await self._target.fleet()
        if fleet.links is None or self._gateways is None:
            return fleet
        told = await self._gateways.told(fleet.links)
        return fleet if told == fleet.links else replace(fleet, links=told)

    async def close(self) -> None:
        """Ends what the gateways' probes are asked by."""
        if self._gateways is not None:
            await self._gateways.close()
