"""Deployments, pods, engines and events, as the target tells them."""

from __future__ import annotations

from controlroom.model.fleet import Fleet
from controlroom.targets.abilities import HasFleet


class FleetSource:
    """Asks the target. It is opened and closed by whoever made it."""

    name = "fleet"
    period = 0.5
    timeout = 5.0
    needs: tuple[str, ...] = ()

    def __init__(self, target: HasFleet) -> None:
        self._target = target

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self) -> Fleet:
        """What runs now."""
        return await self._target.fleet()

    async def close(self) -> None:
        """Nothing to close."""
