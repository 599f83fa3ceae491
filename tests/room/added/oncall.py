"""Who is on call: an example of a pane that is added from outside, with a source of its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from textual.strip import Strip

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.folders import config_dir
from controlroom.model.frame import Frame, Key
from controlroom.panes import text
from controlroom.panes.layout import At
from controlroom.panes.pane import Pane, Title
from controlroom.panes.registry import register


@dataclass(frozen=True, slots=True)
class OnCall:
    """What the source tells, and the pane shows."""

    names: tuple[str, ...]


ON_CALL: Key[OnCall] = Key("oncall")


class OnCallSource:
    """Reads a file of names, one a line."""

    name = ON_CALL.name
    period = 1.0
    timeout = 3.0
    needs: tuple[str, ...] = ()

    def __init__(self, endpoints: LiveEndpoints) -> None:
        """`endpoints` are the addresses of the engines; a file needs none."""
        self._file = Path()

    async def open(self) -> None:
        """Finds the file."""
        self._file = config_dir(os.environ) / "oncall.txt"

    async def read(self) -> OnCall | None:
        """The names now; None where there are none."""
        names = (await asyncio.to_thread(self._file.read_text)).split()
        return OnCall(tuple(names)) if names else None

    async def close(self) -> None:
        """Nothing is held."""


class OnCallPane(Pane):
    """One name a row."""

    pane_id = "oncall"
    key = ON_CALL
    engine = "on call"
    command = "cat oncall.txt"
    keys = (("enter", "choose the next one"),)
    BINDINGS = [("enter", "next")]  # noqa: RUF012 (Textual's own form)
    chosen = 0

    def title(self, frame: Frame, width: int) -> Title:
        return Title("on call", self.age_text(frame))

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        value = frame[ON_CALL].value
        names = value.names if value else ()
        return [self._row(n, name, width) for n, name in enumerate(names)]

    def action_next(self) -> None:
        """Chooses the next one."""
        self.chosen += 1
        self.redraw()

    def _row(self, number: int, name: str, width: int) -> Strip:
        look = self.look
        mark = look.signs.run if number == self.chosen else " "
        return text.row([(f"{mark} ", look.key), (text.clean(name), look.text)], width, look.text)


register(OnCallPane, OnCallSource, two=At(1, 5), three=At(2, 8))
