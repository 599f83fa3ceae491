"""The one place where a room is put together: target, feeds, board."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import AskAddress, LiveEndpoints
from controlroom.feeds.errors import foreseen
from controlroom.feeds.feed import Feed, Source
from controlroom.feeds.fleet import FleetSource
from controlroom.feeds.gateways import Gateways
from controlroom.feeds.golden import GoldenSource, history, rows_of
from controlroom.feeds.limit import Limit
from controlroom.feeds.log import LogSource
from controlroom.feeds.queue_time import QueueTimes
from controlroom.feeds.queues import QueuesSource
from controlroom.feeds.registry import added
from controlroom.feeds.routes import RoutesSource
from controlroom.feeds.runs import RunsSource
from controlroom.feeds.scrollback import Scrollback
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.board import CURVE_SECONDS, Board
from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import GOLDEN, LOG, TALLIES, Frame
from controlroom.model.log import LogLine
from controlroom.model.samples import Report, Sample
from controlroom.model.tallies import Chosen
from controlroom.runs.effects import active_effects, left_behind
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from controlroom.targets.abilities import Located, Target
from scenarios.limits import changed, read
from scenarios.scenario import Scenario
from wire.ending import end

HISTORY_STEP = 2
"""Seconds between the points with which the curves are filled at the start."""


class Room:
    """Everything behind one screen: tasks that feed the board, and frames made of it.

    Nothing is connected before `start`, and nothing outlives `stop`. Frames can be drawn at
    any time; before the first answers every panel says that it is connecting.
    """

    def __init__(
        self,
        scenario: Scenario,
        target: Target,
        settings: Settings,
        target_name: str = "local stack",
        path: Located | None = None,
    ) -> None:
        """`path` has the endpoints that the books need, where the target alone has not all."""
        self.scenario = scenario
        self.target = target
        self.settings = settings
        self._path = path
        self._context = target_name if settings.contexts else ""
        self._endpoints = LiveEndpoints(target)
        waits = QueueTimes()
        tallies = TalliesSource(self._endpoints.redis, scenario, self._endpoints.mongo)
        self._chosen: Chosen = ()
        """As the screen asked for the last frame."""
        self._store = RunStore(settings.state_dir / "runs")
        self._runs = RunsSource(self._store.root, self._left)
        self._log = LogSource(self._endpoints, scenario, waits)
        sources: list[Source] = [
            FleetSource(target, Gateways(self._endpoints.prometheus)),
            tallies,
            self._runs,
            self._golden(),
            RoutesSource(self._endpoints, settings.window),
            QueuesSource(self._endpoints, scenario, self._endpoints.prometheus),
            self._log,
            BooksSource(LiveEndpoints(path or target), scenario, waits, Limit(self._endpoints)),
            *added(self._endpoints),
        ]
        self.board = Board(
            scenario.name,
            scenario.title,
            target_name,
            settings.read_only,
            {source.name: source.period for source in sources},
            changed(scenario.limits, read(settings.health)),
        )
        self._feeds = {
            source.name: Feed(source, self._take, stirred=self._stir) for source in sources
        }
        self._feeds[tallies.name] = Feed(
            tallies, self._take, stirred=self._stir, question=lambda: tallies.read(self._chosen)
        )
        self._scrollback = Scrollback(self._log)
        self._tasks: list[asyncio.Task[None]] = []
        self._traffic = asyncio.Event()

    def _golden(self) -> GoldenSource:
        return GoldenSource(*self._metrics(), self.settings.window, rows_of(self.scenario))

    def _metrics(self) -> tuple[AskAddress, AskAddress]:
        """Prometheus, and the namespace that is asked for."""
        return self._endpoints.prometheus, self._endpoints.namespace

    async def start(self) -> None:
        """Starts all feeds; returns at once."""
        for feed in self._feeds.values():
            self._tasks.append(asyncio.create_task(feed.run(), name=f"feed {feed.source.name}"))
        self._tasks.append(asyncio.create_task(self._fill_curves(), name="history"))

    async def stop(self) -> None:
        """Ends all feeds and lets go of the target."""
        await end(self._tasks)
        self._tasks.clear()
        await self.target.close()
        if self._path is not None:
            await self._path.close()

    def frame(self, now: float | None = None, chosen: Chosen | None = None) -> Frame:
        """Everything as it is known at `now`, seconds since the epoch. Where another selection is
        given than before, the tallies are asked for it at once; None gives none."""
        if chosen is not None and chosen != self._chosen:
            self._chosen = chosen
            self._feeds[TALLIES.name].hurry()
        return self.board.frame(time.time() if now is None else now)

    @property
    def calm(self) -> bool:
        """Whether no source has seen a change for a while."""
        return all(feed.calm for feed in self._feeds.values())

    def retry(self, source: str) -> None:
        """Asks one source again now. KeyError for a source that is not one of the board's."""
        self._feeds[source].hurry()

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Up to n lines before line `before_first` of the log, oldest first. Numbers below
        that of the ring's first line, also negative ones, go back in the store."""
        view = self.frame()[LOG].value
        if view is None or n < 1:
            return ()
        return await self._scrollback.page(view, before_first, n)

    async def effects(self) -> tuple[ActiveEffect, ...]:
        """All faults and loads that are active on the target. Raises TargetError."""
        return await active_effects(self.target, self._store, self._context)

    def tell(self, runs: tuple[str, ...]) -> None:
        """Frames that come soon have the stories of these runs, and of no others."""
        if self._runs.tell(runs):
            self._feeds[self._runs.name].hurry()

    def look_again(self) -> None:
        """Looks again for effects on the target that no run looks after."""
        self._runs.look_again()

    async def _left(self) -> tuple[ActiveEffect, ...]:
        return left_behind(await self.effects())

    def _stir(self) -> None:
        for feed in self._feeds.values():
            feed.wake()

    def _take(self, report: Report) -> None:
        self.board.apply(report)
        if report.source == GOLDEN.name and isinstance(report, Sample):
            self._traffic.set()

    async def _fill_curves(self) -> None:
        """Fills the curves with what was measured before the room opened, once."""
        await self._traffic.wait()
        try:
            curves = await history(
                await self._endpoints.prometheus(),
                await self._endpoints.namespace(),
                CURVE_SECONDS,
                HISTORY_STEP,
                self.settings.window,
                rows_of(self.scenario),
            )
        except Exception as error:
            if not foreseen(error):
                raise
            return
        for name, points in curves.items():
            self.board.fill(name, points)
