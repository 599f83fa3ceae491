"""What an operator does at the room in a terminal, and what of it still runs."""

from __future__ import annotations

import re
import time

from tests.own_lab import OwnLab
from tests.own_stack import OwnStack
from tests.terminal import Terminal

DOWN = "\x1b[B"
_LOOK = 0.15
"""Seconds between two looks; the pieces of one picture come closer together."""


def shown(room: Terminal) -> str:
    """What the facts are about, once it is drawn whole: the same at two looks."""
    before = ""
    while True:
        now = room.until(r"what\s+(\S.*?)\s{2,}").group(1)
        if now == before:
            return now
        before = now
        time.sleep(_LOOK)


def choose(room: Terminal, wanted: str) -> None:
    """Goes down the list until the facts below it are those that are wanted."""
    for _ in range(20):
        what = shown(room)
        if re.search(wanted, f"what  {what}  "):
            return
        room.send(DOWN)
        room.until_gone(rf"what\s+{re.escape(what)}\s{{2,}}")
    raise AssertionError(f"{wanted!r} is not in the list:\n{room.text()}")


def active(world: OwnStack | OwnLab) -> list[str]:
    """Runs that still act."""
    runs = world.run("run", "list", "--json").json()
    return [run["id"] for run in runs if run["state"] in ("starting", "running", "stopping")]
