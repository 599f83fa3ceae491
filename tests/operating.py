"""What an operator does at the room in a terminal, and what of it still runs."""

from __future__ import annotations

import re

from tests.own_lab import OwnLab
from tests.own_stack import OwnStack
from tests.terminal import Terminal

DOWN = "\x1b[B"


def choose(room: Terminal, wanted: str) -> None:
    """Goes down the list until the facts below it are those that are wanted."""
    for _ in range(20):
        if re.search(wanted, room.text()):
            return
        shown = room.until(r"what\s+(\S.*?)\s{2,}").group(1)
        room.send(DOWN)
        room.until_gone(rf"what\s+{re.escape(shown)}\s{{2,}}")
        room.until(r"what\s+\S")
    raise AssertionError(f"{wanted!r} is not in the list:\n{room.text()}")


def active(world: OwnStack | OwnLab) -> list[str]:
    """Runs that still act."""
    runs = world.run("run", "list", "--json").json()
    return [run["id"] for run in runs if run["state"] in ("starting", "running", "stopping")]
