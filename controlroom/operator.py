"""Carries out the commands of a room on its target, and answers the questions before them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from controlroom.commands.chaos import StartFault
from controlroom.commands.here import Here
from controlroom.commands.lock import Lock
from controlroom.commands.performing import Act, Answer, perform
from controlroom.commands.question import Consent, Fact
from controlroom.commands.split import StartSplit
from controlroom.model.effects import ActiveEffect
from controlroom.model.log import LogLine
from controlroom.runs import catalog, splits
from controlroom.runs.catalog import ChaosFile
from controlroom.runs.splits import SplitFile
from controlroom.settings import Settings
from controlroom.targets.abilities import Located, Preview, Target
from controlroom.wiring import Room
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from controlroom.commands.experiment import StartExperiment
    from controlroom.reports import Document
    from controlroom.runs.experiment_files import ExperimentFile


class _Within(Here):
    """The target and the scenario that the room has already; it closes them itself."""

    def __init__(self, room: Room, settings: Settings, lock: Lock) -> None:
        super().__init__(replace(settings, read_only=False), lock=lock)
        self._room = room

    @property
    def target(self) -> Target:
        return self._room.target

    @property
    def located(self) -> Located:
        return self._room.target

    @property
    def fallback(self) -> str:
        return self._room.scenario.name

    async def scenario(self) -> Scenario:
        return self._room.scenario


class Operator:
    """Every refusal is an error with a sentence. `settings` name the room's context alone; `lock`
    says whether it may act."""

    def __init__(self, room: Room, settings: Settings, lock: Lock) -> None:
        self._room = room
        self._here = _Within(room, settings, lock)

    async def perform(self, act: Act, consent: Consent | None = None) -> Answer:
        """Carries it out, then looks again for effects that no run looks after."""
        try:
            return await perform(act, self._here, consent)
        finally:
            self._room.look_again()

    async def chaos_files(self) -> Sequence[ChaosFile]:
        """The experiments of the project and of the scenario."""
        return catalog.chaos_files(*catalog.chaos_dirs(self._room.scenario))

    async def preview_fault(self, act: StartFault) -> Preview:
        """What it would hit now; the act has its experiment afterwards."""
        return await act.look(self._here)

    async def split_files(self) -> Sequence[SplitFile]:
        """The splits of the scenario."""
        return splits.split_files(splits.splits_dir(self._room.scenario))

    async def preview_split(self, act: StartSplit) -> Preview:
        """What would go where now."""
        return await act.look(self._here)

    async def experiment_files(self) -> Sequence[ExperimentFile]:
        """The experiments of the scenario."""
        # not before somebody asks: a room opens without what experiments need
        from controlroom.runs.experiment_files import experiment_files, experiments_dir

        folder = experiments_dir(self._room.scenario)
        return await asyncio.to_thread(experiment_files, folder)

    async def plan_experiment(self, act: StartExperiment) -> Sequence[Fact]:
        """What it would do and hit now."""
        facts, _ = await act.plan(self._here)
        return facts

    async def compare_runs(self, runs: Sequence[str]) -> Document:
        """What can be said of these runs."""
        from controlroom.commands.runs import compared

        return await asyncio.to_thread(compared, self._here.store, runs)

    async def effects(self) -> Sequence[ActiveEffect]:
        """Faults and loads that are active on the target."""
        return await self._room.effects()

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Older lines of the log."""
        return await self._room.log_page(before_first, n)

    def where(self) -> Here:
        """The room's own target and scenario."""
        return self._here

    async def retry(self, source: str) -> None:
        """Connects a source again now."""
        self._room.retry(source)
