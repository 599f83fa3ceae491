"""The one place where a room is put together: target, feeds, board."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import AskAddress, LiveEndpoints
from controlroom.feeds.errors import foreseen
from controlroom.feeds.feed import Feed, Source
from controlroom.feeds.fleet import FleetSource
from controlroom.feeds.gateways import Gateways
from controlroom.feeds.golden import GoldenSource, history, rows_of
from controlroom.feeds.limit import Limit
from controlroom.feeds.log import LogSource
from controlroom.feeds.pacing import slowed
from controlroom.feeds.queue_time import QueueTimes
from controlroom.feeds.queues import QueuesSource
from controlroom.feeds.registry import added
from controlroom.feeds.routes import RoutesSource
from controlroom.feeds.runs import RunsSource
from controlroom.feeds.scrollback import Scrollback
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.board import CURVE_SECONDS, PAST_SECONDS, Board
from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import GOLDEN, LOG, ROUTES, TALLIES, Frame
from controlroom.model.log import LogLine
from controlroom.model.samples import Report, Sample
from controlroom.model.tallies import Chosen
from controlroom.recordings.format import Head
from controlroom.recordings.kept import Kept, kept_dir
from controlroom.recordings.moments import Moments
from controlroom.recordings.past import curves_of
from controlroom.recordings.reader import Recording
from controlroom.recordings.recorder import Recorder
from controlroom.runs.effects import active_effects, left_behind
from controlroom.runs.errors import RunError
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from controlroom.targets.abilities import Located, Target
from host.version import VERSION
from scenarios.limits import changed, read
from scenarios.scenario import Scenario
from wire.ending import end

KEEP_AGAIN = 30.0
"""Seconds between two looks whether somebody else still keeps the last hours."""
CALM = 10
"""Periods between two questions where nobody looks and nothing changes."""
SEEN_FOR = 4.0
"""Seconds for which details count as seen; shorter than the pause between two questions for them,
so that whoever looks away is the cause of no further one."""
HISTORY_STEP = 2
"""Seconds between the points with which the curves are filled at the start."""


def _paced(sources: Sequence[Source], pace: Mapping[str, float]) -> dict[str, float]:
    """Source -> seconds after which its figures are no longer new, with these paces taken over."""
    periods = {source.name: source.period for source in sources}
    for source in sources:
        if source.name in pace:
            source.period = pace[source.name]
            vars(source)["calm_period"] = CALM * source.period
            # a figure is not stale before it was asked for again
            periods[source.name] = CALM * source.period / 3
    return periods


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
        pace: Mapping[str, float] | None = None,
    ) -> None:
        """`path` has the endpoints that the books need, where the target alone has not all. `pace`:
        source -> seconds between two questions, where nobody looks at it."""
        self.scenario = scenario
        self.target = target
        self.settings = settings
        self._path = path
        self._title = target_name
        self._context = target_name if settings.contexts else ""
        self._endpoints = LiveEndpoints(target)
        self._chosen: Chosen = ()
        """As the screen asked for the last frame."""
        self._seen = float("-inf")
        self._moments = Moments(lambda: Recording(kept_dir(settings.state_dir, target_name)))
        self._store = RunStore(settings.state_dir / "runs")
        self._runs = RunsSource(self._store.root, self._left)
        waits = QueueTimes()
        self._log = LogSource(self._endpoints, scenario, waits)
        sources = self._sources(waits)
        slowed(sources, settings.pace)
        self._periods = _paced(sources, pace or {})
        self._limits = changed(scenario.limits, read(settings.health))
        self.board = Board(
            scenario.name,
            scenario.title,
            target_name,
            settings.read_only,
            self._periods,
            self._limits,
            settings.targets.of(target_name),
        )
        self._feeds = {source.name: self._feed_of(source) for source in sources}
        self._scrollback = Scrollback(self._log)
        self._recorders: list[Recorder] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._traffic = asyncio.Event()

    def _sources(self, waits: QueueTimes) -> list[Source]:
        endpoints, scenario = self._endpoints, self.scenario
        of_books = LiveEndpoints(self._path or self.target)
        return [
            FleetSource(self.target, Gateways(endpoints.prometheus)),
            TalliesSource(endpoints.redis, scenario, endpoints.mongo),
            self._runs,
            self._golden(),
            RoutesSource(endpoints, self.settings.window),
            QueuesSource(endpoints, scenario, endpoints.prometheus),
            self._log,
            BooksSource(of_books, scenario, waits, Limit(endpoints)),
            *added(endpoints),
        ]

    def _feed_of(self, source: Source) -> Feed:
        """The tallies are asked for what is chosen, the routes while they are seen."""
        if isinstance(source, TalliesSource):
            asked = source
            return Feed(
                asked, self._take, stirred=self._stir, question=lambda: asked.read(self._chosen)
            )
        if isinstance(source, RoutesSource):
            return Feed(source, self._take, stirred=self._stir, seen=lambda: self._sees_routes)
        return Feed(source, self._take, stirred=self._stir)

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
        if self.settings.history_hours:
            self._tasks.append(asyncio.create_task(self._keep(), name="kept"))

    async def stop(self) -> None:
        """Ends all feeds and lets go of the target."""
        await end(self._tasks)
        self._tasks.clear()
        for recorder in self._recorders:
            await asyncio.to_thread(recorder.close)
        self._recorders.clear()
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

    def past(self, at: float) -> Frame | None:
        """The frame of a moment that was kept, else None. Reads files: for a thread."""
        return self._moments.frame(at)

    def see(self) -> None:
        """The details of the traffic are in sight now, so frames that come soon have them. Whoever
        has them in sight says so again within SEEN_FOR seconds."""
        before, self._seen = self._sees_routes, time.monotonic()
        if not before:
            self._feeds[ROUTES.name].hurry()

    @property
    def _sees_routes(self) -> bool:
        return time.monotonic() - self._seen < SEEN_FOR

    def look_again(self) -> None:
        """Looks again for effects on the target that no run looks after."""
        self._runs.look_again()

    async def _left(self) -> tuple[ActiveEffect, ...]:
        return left_behind(await self.effects())

    def head(self, at: float) -> Head:
        """What a recording that begins then says of itself."""
        return Head(
            scenario=self.scenario.name,
            title=self.scenario.title,
            target=self._title,
            started=at,
            periods=self._periods,
            limits=self._limits,
            by=VERSION,
        )

    def record(self, recorder: Recorder) -> None:
        """Has it told whatever the board is told, until the room stops."""
        self._recorders.append(recorder)

    async def _keep(self) -> None:
        """Keeps the last hours, once nobody else does."""
        settings, folder = self.settings, kept_dir(self.settings.state_dir, self._title)
        while True:
            try:
                kept = Kept(
                    folder, self.head, settings.history_hours, settings.history_mb << 20,
                    self._folder_of,
                )  # fmt: skip
            except OSError:  # somebody keeps it, or nothing can be written here
                await asyncio.sleep(KEEP_AGAIN)
            else:
                recorder = Recorder(kept)
                self.record(recorder)
                while recorder.trouble is None:
                    await asyncio.sleep(KEEP_AGAIN)
                # a full disk, such as it is, may have room later
                self._recorders.remove(recorder)

    def _folder_of(self, run: str) -> Path | None:
        """The folder of a run on this target."""
        try:
            folder = self._store.folder(run)
            own = folder.read_asked().get("context", "") == self._context
        except (RunError, OSError, ValueError):
            return None
        return folder.path if own else None

    def _stir(self) -> None:
        for feed in self._feeds.values():
            feed.wake()

    def _take(self, report: Report) -> None:
        self.board.apply(report)
        for recorder in self._recorders:
            recorder.put(report)
        if report.source == GOLDEN.name and isinstance(report, Sample):
            self._traffic.set()

    async def _fill_curves(self) -> None:
        """Fills the curves with what was measured before the room opened, once."""
        await self._fill_past()
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

    async def _fill_past(self) -> None:
        """The hours that were kept; of the last of them also what no metrics store knows."""
        folder, now = kept_dir(self.settings.state_dir, self._title), time.time()
        since = now - PAST_SECONDS
        past = await asyncio.to_thread(curves_of, folder, self.scenario.name, since)
        for name, points in past.items():
            self.board.fill_past(name, points)
        self.board.fill("lag", [p for p in past.get("lag", ()) if p[0] > now - CURVE_SECONDS])
