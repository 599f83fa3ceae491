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
from controlroom.targets.abilities import Target, TargetError, Unreachable

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
        """Puts the room together once the target says which scenario it runs, and again when
        that changes. Ends when it is cancelled."""
        for module in ("controlroom.wiring", "controlroom.operator"):
            await asyncio.to_thread(importlib.import_module, module)
        from controlroom.targets.local import LocalTarget

        asking = LocalTarget.from_settings(self._settings)
        shown = ""
        try:
            while True:
                wanted = await self._scenario(asking)
                if wanted and wanted != shown:
                    await self._put_together(wanted)
                    shown = wanted
                await asyncio.sleep(RETRY)
        finally:
            await asking.close()
            await self._take_down()

    @staticmethod
    async def _scenario(target: Target) -> str:
        """Name or file of what the target runs; empty while it does not answer."""
        try:
            info = await target.info()
        except TargetError:
            return ""
        return str(info.details.get("scenario_file") or info.scenario)

    async def _put_together(self, scenario: str) -> None:
        from controlroom.operator import Operator
        from controlroom.wiring import Room
        from scenarios.loading import load

        await self._take_down()
        self._room = Room.of_local_stack(self._settings, load(scenario))
        self._operator = Operator(self._room, self._settings)
        await self._room.start()

    async def _take_down(self) -> None:
        room, self._room, self._operator = self._room, None, None
        if room is not None:
            await room.stop()


async def _not_yet(*_: object) -> None:
    raise Unreachable("The room is still opening.", "Try again in a moment.")
