"""Deployments, pods, engines and events, as the target reports them."""

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

    @staticmethod
    def same(before: Fleet, now: Fleet) -> bool:
        """Whether the same runs, and as well; what each takes differs with every question."""
        return _bare(before) == _bare(now)

    async def close(self) -> None:
        """Ends what the gateways' probes are asked by."""
        if self._gateways is not None:
            await self._gateways.close()


def _bare(fleet: Fleet) -> tuple[object, ...]:
    deployments = tuple(
        (d.name, d.replicas, d.ready, d.restarts, d.minimum, d.maximum, d.message)
        for d in fleet.deployments
    )
    pods = tuple((p.name, p.ready, p.phase, p.restarts, p.message) for p in fleet.pods)
    engines = tuple((e.name, e.state, e.restarts, e.message) for e in fleet.engines)
    return deployments, pods, engines, fleet.events, fleet.notes, fleet.links
