"""What an act works on: the target that the settings mean, its scenario, the runs."""

from __future__ import annotations

from typing import Self

from controlroom.commands.lock import Lock
from controlroom.runs.store import RunStore, store_of
from controlroom.settings import Settings
from controlroom.targets.abilities import Located, Target
from controlroom.targets.choosing import path_of, scenario_of, target_of, title_of
from scenarios.loading import load
from scenarios.scenario import Scenario


class Here:
    """Nothing is connected before it is asked for. `whole` takes two contexts as the two sides
    of one pipeline; else more than one is refused where the target is asked for."""

    def __init__(self, settings: Settings, whole: bool = False, lock: Lock | None = None) -> None:
        """`lock` is that of the room which it belongs to."""
        self.settings = settings
        self._lock = lock
        self._whole = whole
        self._target: Target | None = None
        self._path: Located | None = None
        self._scenario: Scenario | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in (self._target, self._path):
            if one is not None:
                await one.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed now."""
        return self.settings.read_only or (self._lock is not None and self._lock.on)

    @property
    def title(self) -> str:
        """What it aims at, as the audit names it."""
        return title_of(self.settings)

    @property
    def fallback(self) -> str:
        """The scenario that is meant while no target says what it runs."""
        return self.settings.scenario

    @property
    def context(self) -> str:
        """The one context; empty for the local stack. Raises Refused for more than one."""
        return self.settings.contexts[0] if self.settings.contexts else ""

    @property
    def target(self) -> Target:
        """Raises Refused where more than one context is named."""
        if self._target is None:
            self._target = target_of(self.settings)
        return self._target

    @property
    def located(self) -> Located:
        """What has the endpoints of the stores: the target, or both sides of a split pipeline."""
        if not self._whole:
            return self.target
        if self._path is None:
            self._path = path_of(self.settings)
        return self._path

    @property
    def store(self) -> RunStore:
        """The runs."""
        return store_of(self.settings)

    async def scenario(self) -> Scenario:
        """The one that was asked for, else the one that the target runs.

        Raises ScenarioError before anything is asked, Unreachable where nothing answers.
        """
        if self._scenario is None:
            wanted = self.settings.scenario
            if self.settings.origin("scenario") == "default":
                info = await self.located.info()
                wanted = scenario_of(info, wanted)
            self._scenario = load(wanted)
        return self._scenario
