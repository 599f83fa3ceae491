"""Opens the rooms: shows an empty frame at once, then connects the feeds behind it.

Client libraries cost most of a second to import, so they come after the first picture, in a
thread beside it.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controlroom.commands.exits import Declined
from controlroom.commands.lock import Lock
from controlroom.commands.question import Consent
from controlroom.model.frame import OF_TARGET, Frame, Panel
from controlroom.model.health import Health, SourceState
from controlroom.settings import Settings
from controlroom.targets.abilities import Denied, Target, TargetError, Unreachable
from controlroom.targets.choosing import LOCAL, cluster, scenario_of, targets_of
from controlroom.targets.split import WholePipeline

if TYPE_CHECKING:
    from controlroom.commands.chaos import StartFault
    from controlroom.commands.experiment import StartExperiment
    from controlroom.commands.here import Here
    from controlroom.commands.performing import Act, Answer
    from controlroom.commands.question import Fact
    from controlroom.commands.split import StartSplit
    from controlroom.model.effects import ActiveEffect
    from controlroom.model.log import LogLine
    from controlroom.model.tallies import Chosen
    from controlroom.operator import Operator
    from controlroom.recordings.recorder import FileRecorder
    from controlroom.reports import Document
    from controlroom.runs.catalog import ChaosFile
    from controlroom.runs.experiment_files import ExperimentFile
    from controlroom.runs.splits import SplitFile
    from controlroom.targets.abilities import Preview
    from controlroom.wiring import Room

KEYED = ("chaos", "experiment", "logs", "run", "scale", "split")
"""Files of the acts that have a key, so that the first key waits for none of them."""
RETRY = 1.0
SETTLED, SETTLED_FAR = 3.0, 10.0
"""Seconds between two looks whether the local stack, or a cluster, runs another scenario now; each
is a request."""


class OpenTarget:
    """One target with the room behind it, once it says what it runs."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        record: Path | None = None,
        pace: Mapping[str, float] | None = None,
        lock: Lock | None = None,
    ) -> None:
        """`name` is that of its context, or of the local stack; `record` a file to write what the
        board is told; `pace` see Room; `lock` is that of all targets of a room."""
        self._record, self._pace = record, pace
        self._lock = lock or Lock(settings.read_only)
        self.recorders: list[FileRecorder] = []
        self.name = name
        self.trouble: TargetError | None = None
        """Why there is no room yet."""
        self.room: Room | None = None
        self.operator: Operator | None = None
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """The settings with this target alone, and read-only while the room is."""
        context = (self.name,) if self._settings.contexts else ()
        return replace(self._settings, context=context, read_only=self._lock.on)

    async def perform(self, act: Act, consent: Consent | None = None) -> Answer:
        """Carries an act out. While there is no room, the act connects to the target itself."""
        if self.operator is not None:
            return await self.operator.perform(act, consent)
        from controlroom.commands.here import Here
        from controlroom.commands.performing import perform

        async with Here(replace(self.settings, read_only=False), lock=self._lock) as here:
            return await perform(act, here, consent)

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        """The room's frame; an empty one while there is no room."""
        if self.room is not None:
            frame = self.room.frame(now, chosen)
            return replace(frame, read_only=True) if self._lock.on else frame
        marking = self._settings.targets.of(self.name)
        blank = Frame(now, "", "", self.name, self._lock.on, marking)
        if self.trouble is None or not self._settings.contexts:
            return blank
        return _troubled(blank, self.trouble)

    def tell(self, runs: tuple[str, ...]) -> None:
        """Whose stories its frames have."""
        if self.room is not None:
            self.room.tell(runs)

    def past(self, at: float) -> Frame | None:
        """What was kept of a moment; None before it has a room."""
        return None if self.room is None else self.room.past(at)

    def see(self) -> None:
        """The details of its traffic are in sight."""
        if self.room is not None:
            self.room.see()

    @property
    def calm(self) -> bool:
        """Whether a frame now would show the same as the one before, except times and ages."""
        return self.room is not None and self.room.calm

    async def run(self, asking: Target, here: Target) -> None:
        """Puts the room together on `here` once `asking` says which scenario it runs, and again
        when that changes. Ends when it is cancelled."""
        shown = ""
        try:
            while True:
                wanted = await self._scenario(asking)
                if wanted and wanted != shown:
                    await self._put_together(wanted, here)
                    shown = wanted
                settled = SETTLED_FAR if self._settings.contexts else SETTLED
                await asyncio.sleep(settled if wanted and shown else RETRY)
        finally:
            await asking.close()
            await self._take_down()
            await here.close()

    async def _scenario(self, target: Target) -> str:
        """Name or file of what the target runs; empty while it does not answer."""
        try:
            wanted = scenario_of(await target.info(), self._settings.scenario)
        except TargetError as error:
            self.trouble = error
            return ""
        self.trouble = None
        return wanted

    async def _put_together(self, scenario: str, target: Target) -> None:
        from controlroom.operator import Operator
        from controlroom.recordings.recorder import begun
        from controlroom.wiring import Room
        from scenarios.loading import load

        await self._take_down()
        others = [name for name in self._settings.contexts if name != self.name]
        path = WholePipeline(target, [cluster(name, self._settings.namespace) for name in others])
        self.room = Room(load(scenario), target, self._settings, self.name, path, self._pace)
        if self._record is not None:
            recorder = begun(self._record, self.room.head(time.time()))
            self.recorders.append(recorder)
            self.room.record(recorder)
        self.operator = Operator(self.room, self.settings, self._lock)
        await self.room.start()

    async def _take_down(self) -> None:
        room, self.room, self.operator = self.room, None, None
        if room is not None:
            await room.stop()


class Opening:
    """Frames and commands of rooms that are being put together, one for each target.

    It is the room's `FrameSource` and `Commands` while the target does not answer yet. A command
    that needs the target is refused then, with the reason. One target is shown, and commands go to
    it.
    """

    def __init__(self, settings: Settings, record: Path | None = None) -> None:
        """`record` is a file for what the boards are told, one for each target."""
        self._settings = settings
        names = settings.contexts or (LOCAL,)
        self.lock = Lock(settings.read_only)
        """Whether the room may act."""
        self._places = [OpenTarget(settings, name, record, lock=self.lock) for name in names]
        self._shown = 0

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        """The frame of the shown target."""
        return self._places[self._shown].frame(now, chosen)

    def tell(self, runs: tuple[str, ...]) -> None:
        """The frames of the shown target have the stories of these runs."""
        self._places[self._shown].tell(runs)

    def past(self, at: float) -> Frame | None:
        """What was kept of the shown target's moment."""
        return self._places[self._shown].past(at)

    def see(self) -> None:
        """The details of the shown target's traffic are in sight."""
        self._places[self._shown].see()

    @property
    def calm(self) -> bool:
        """Whether frames may come seldom."""
        return self._places[self._shown].calm

    def sides(self, now: float) -> Sequence[Frame]:
        """The frames of all targets, in their order."""
        return [place.frame(now) for place in self._places]

    def next_target(self) -> str:
        """Shows the next target; answers its name."""
        self._shown = (self._shown + 1) % len(self._places)
        return self._places[self._shown].name

    def of(self, number: int) -> Opening:
        """The same rooms, of which that one is shown."""
        one = copy.copy(self)
        one._shown = number
        return one

    async def perform(self, act: Act) -> Answer:
        """Carries an act out on the shown target, or on every one."""
        if not act.everywhere:
            return await self._places[self._shown].perform(act)
        answers, failed = [], None
        for place in self._places:
            agreed = None if place is self._places[0] else Consent(yes=True)
            try:
                answers.append(await place.perform(act, agreed))
            except Declined:
                raise
            except Exception as error:  # the others are stopped all the same
                failed = failed or error
        if failed is not None:
            raise failed
        worst = max(answers, key=lambda answer: answer.code)
        return replace(worst, said=" ".join(dict.fromkeys(answer.said for answer in answers)))

    @property
    def recorders(self) -> list[FileRecorder]:
        """Of all targets, also of those that were closed."""
        return [recorder for place in self._places for recorder in place.recorders]

    def refuse(self, command: str) -> None:
        """Notes that a read-only room was asked for a command. Raises ReadOnlyError."""
        from controlroom.commands.here import Here
        from controlroom.commands.performing import refuse
        from controlroom.commands.registry import named

        refuse(named(command), Here(self._places[self._shown].settings))

    async def line(self, text: str) -> object:
        """Carries a command line out on the shown target."""
        from controlroom.commands.line import run

        return await run(text, self._places[self._shown].settings)

    async def chaos_files(self) -> Sequence[ChaosFile]:
        """The experiments that can be chosen."""
        return await self._operator.chaos_files()

    async def preview_fault(self, act: StartFault) -> Preview:
        """What it would hit now on the shown target."""
        return await self._operator.preview_fault(act)

    async def split_files(self) -> Sequence[SplitFile]:
        """The splits that can be chosen."""
        return await self._operator.split_files()

    async def preview_split(self, act: StartSplit) -> Preview:
        """What would go where now on the shown target."""
        return await self._operator.preview_split(act)

    async def experiment_files(self) -> Sequence[ExperimentFile]:
        """The experiments that can be chosen."""
        return await self._operator.experiment_files()

    async def plan_experiment(self, act: StartExperiment) -> Sequence[Fact]:
        """What it would do and hit now on the shown target."""
        return await self._operator.plan_experiment(act)

    async def compare_runs(self, runs: Sequence[str]) -> Document:
        """What can be said of these runs."""
        return await self._operator.compare_runs(runs)

    async def effects(self) -> Sequence[ActiveEffect]:
        """Faults and loads that are active on the shown target."""
        return await self._operator.effects()

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Older lines of the shown log."""
        return await self._operator.log_page(before_first, n)

    def where(self) -> Here:
        """The shown target and its scenario."""
        return self._operator.where()

    async def retry(self, source: str) -> None:
        """Connects a source of the shown target again now."""
        await self._operator.retry(source)

    @property
    def _operator(self) -> Operator:
        """Of the shown target. Raises TargetError while there is none."""
        place = self._places[self._shown]
        if place.operator is None:
            raise place.trouble or Unreachable(
                "The room is still opening.", "Try again in a moment."
            )
        return place.operator

    async def start(self) -> None:
        """Puts all rooms together. Ends when it is cancelled."""
        for module in ("wiring", "operator", *(f"commands.{name}" for name in KEYED)):
            await asyncio.to_thread(importlib.import_module, f"controlroom.{module}")
        pairs = zip(targets_of(self._settings), targets_of(self._settings), strict=True)
        async with asyncio.TaskGroup() as group:
            for place, (asking, here) in zip(self._places, pairs, strict=True):
                group.create_task(place.run(asking, here), name=f"room of {place.name}")


def _troubled(blank: Frame, trouble: TargetError) -> Frame:
    """Every panel says why there is nothing to show yet."""
    state: SourceState = "denied" if isinstance(trouble, Denied) else "reconnecting"
    health = Health(state, blank.now, str(trouble), trouble.fix)
    told: Panel[object] = Panel(health=health)
    return replace(blank, panels={**blank.panels, **{key.name: told for key in OF_TARGET}})
