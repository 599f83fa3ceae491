"""The newest rejected records: some hundreds by the index, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.feeds.both_stores import BothStores
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.model.rejections import Rejections, rejection
from scenarios.scenario import Scenario
from wire.keys import rejected_collection

if TYPE_CHECKING:
    pass

NEWEST = 500
"""Records that are looked at."""


class RejectionsSource(BothStores):
    """Of the topic of events and of that of refused records."""

    name = "log"
    period = 5.0
    timeout = 10.0
    needs: tuple[str, ...] = ("wire.documents", "wire.committed", "wire.stores")

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario, newest: int = NEWEST) -> None:
        super().__init__(endpoints)
        self._scenario = scenario
        self._newest = newest

    async def read(self) -> Rejections:
        """The newest ones."""
        from wire.committed import read_committed

        assert self._redis is not None
        assert self._documents is not None
        name = self._scenario.name
        events = await read_committed(self._redis, name)
        refused = await read_committed(self._redis, name, rejected=True)
        ranges = [*events.ranges(), *refused.ranges()]
        found = await self._documents.newest(rejected_collection(name), ranges, self._newest)
        totals = events.totals
        dead = totals.refused + totals.dead
        return Rejections(tuple(map(rejection, found)), dead, totals.repeated)
