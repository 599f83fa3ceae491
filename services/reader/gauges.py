"""The tallies as a Prometheus gauge, for dashboards that know no Redis.

`controlroom_tally{scenario, group, label}` is a count as `/live` has it. For bars the group is
the selection, such as `1 · Guatemala - Argentina`, and the label a score; for a table the group
is the first column and the label the others. Of several views the group is the name of one, with
what is chosen in it: `gender · Guatemala`. Only the highest are told, so that a scenario with
many members does not fill the time series database.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Iterable

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.asyncio import Redis
from redis.exceptions import RedisError

from scenarios.scenario import NamedView, Scenario
from scenarios.templates import split_member
from services.reader.live import counts, offered, rows
from services.shared.beside import run_beside
from wire.ending import end
from wire.tops import Ask, look
from wire.views import Questions

EVERY = 2.0
"""Seconds between two looks at Redis."""
MOST = 100
"""Series that are told."""
CHOSEN = 10
"""Choices of a view that are told, such as countries."""
WIDEST = 50
"""Selections of one phase that are looked at."""

Tally = tuple[int, str, str]
"""Count, group, label."""


class TallyGauge(Collector):
    """The newest tallies; `refresh` reads them, a scrape only tells them."""

    def __init__(self, scenario: Scenario, redis: Redis) -> None:
        self._scenario = scenario
        self._redis = redis
        self._tallies: list[Tally] = []

    def collect(self) -> Iterable[Metric]:
        """The gauge for one scrape."""
        metric = GaugeMetricFamily(
            "controlroom_tally", "Tallies, the highest.", labels=("scenario", "group", "label")
        )
        for count, group, label in self._tallies:
            metric.add_metric((self._scenario.name, group, label), count)
        return (metric,)

    async def refresh(self) -> None:
        """Reads them. Raises RedisError."""
        if len(self._scenario.views) > 1:
            told = self._told_once()
            self._tallies = [tally for named in told for tally in await self._of_view(named)]
            return
        found = await (self._bars() if self._scenario.view.choosing else self._table())
        self._tallies = heapq.nlargest(MOST, found)

    async def run(self) -> None:
        """Refreshes until cancelled. While Redis is away nothing is told."""
        while True:
            try:
                await self.refresh()
            except (RedisError, OSError, TimeoutError):
                self._tallies = []
            await asyncio.sleep(EVERY)

    def _told_once(self) -> list[NamedView]:
        """One view of each tally that has a count for each member: the one with most rows."""
        views = [
            named
            for named in self._scenario.views
            if named.view.tally and not named.view.choosing and named.view.drawn != "lines"
        ]
        views.sort(key=lambda named: -named.view.most(MOST))
        return list({(v.view.tally, v.view.by): v for v in reversed(views)}.values())

    async def _of_view(self, named: NamedView) -> list[Tally]:
        view, name = named.view, self._scenario.name
        asked = Questions(self._scenario, view)
        groups: dict[str, Ask] = {named.name: asked.rows(MOST)} if not view.by else {}
        if view.by:
            offered = (await look(self._redis, name, [asked.offers(CHOSEN)])).tops[0]
            for member in offered.names:
                group = f"{named.name} · {asked.offer_label(member)}"
                groups[group] = asked.rows(MOST, (member,))
        tops = (await look(self._redis, name, list(groups.values()))).tops
        found = [
            (row.count, group, " · ".join(asked.labels(row.member)))
            for group, top in zip(groups, tops, strict=True)
            for row in top.rows
        ]
        return heapq.nlargest(MOST, found)

    async def _table(self) -> list[Tally]:
        tallies = []
        for row in (await rows(self._scenario, self._redis, most=MOST)).rows:
            first, *others = self._scenario.view.labels(row.member)
            tallies.append((row.count, first, " · ".join(others)))
        return tallies

    async def _bars(self) -> list[Tally]:
        tallies = []
        for one, members in (await offered(self._scenario, self._redis)).items():
            for member in members[:WIDEST]:
                group = f"{one} · {' - '.join(split_member(member))}"
                found = await counts(self._scenario, self._redis, (one, member), MOST)
                tallies += [(count, group, label) for label, count in found.items()]
        return tallies


@contextlib.asynccontextmanager
async def told(scenario: Scenario, redis: Redis) -> AsyncIterator[None]:
    """The gauge is registered and kept fresh while the block runs."""
    gauge = TallyGauge(scenario, redis)
    REGISTRY.register(gauge)
    task = run_beside(gauge.run, "gauge of the tallies")
    try:
        yield
    finally:
        await end([task])
        REGISTRY.unregister(gauge)
