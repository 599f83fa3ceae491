"""The room before its feeds: an empty frame at once, then everything behind it.

Client libraries cost most of a second to import, so they come after the first picture, in a
thread beside it.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from controlroom.model.frame import Frame
from controlroom.settings import Settings
from controlroom.targets.abilities import TargetError, Unreachable

if TYPE_CHECKING:
    from controlroom.operator import Operator
    from controlroom.wiring import Room

RETRY = 1.0


class Opening:
    """Frames and commands of a room that is being put together.

    It stands for `FrameSource` and `Commands`: what it has not yet it refuses with a sentence.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._room: Room | None = None
        self._operator: Operator | None = None

    def frame(self, now: float) -> Frame:
        """The room's frame, or an empty one."""
        if self._room is not None:
            return self._room.frame(now)
        return Frame(now, "", "", "local stack", self._settings.read_only)

    def __getattr__(self, command: str) -> Any:
        if command.startswith("_"):
            raise AttributeError(command)
        if self._operator is not None:
            return getattr(self._operator, command)
        return _not_yet

    async def start(self) -> None:
        """Puts the room together as soon as the target says which scenario it runs."""
        for module in ("controlroom.wiring", "controlroom.operator"):
            await asyncio.to_thread(importlib.import_module, module)
        from controlroom.operator import Operator
        from controlroom.targets.local import LocalTarget
        from controlroom.wiring import Room
        from scenarios.loading import load

        target = LocalTarget.from_settings(self._settings)
        scenario = load(await self._scenario(target))
        self._room = Room(scenario, target, self._settings)
        self._operator = Operator(self._room, self._settings)
        await self._room.start()

    async def _scenario(self, target: Any) -> str:
        while True:
            try:
                info = await target.info()
            except TargetError:
                await asyncio.sleep(RETRY)
                continue
            return str(info.details.get("scenario_file") or info.scenario)

    async def stop(self) -> None:
        """Ends the feeds."""
        if self._room is not None:
            await self._room.stop()


async def _not_yet(*_: object) -> None:
    raise Unreachable("The room is still opening.", "Try again in a moment.")
