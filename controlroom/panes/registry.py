"""Panes that are added to the room: files of the folder `panes` of the config folder."""

from __future__ import annotations

import os
from collections.abc import Mapping

from controlroom.commands import registry as commands
from controlroom.commands.command import Command
from controlroom.feeds import registry as feeds
from controlroom.folders import imported
from controlroom.model.frame import KEYS, Key
from controlroom.panes.guarded import guarded
from controlroom.panes.layout import PARTS, At, Slot
from controlroom.panes.pane import Pane

PACKAGE = "controlroom_user_panes"
"""What the user's own files are imported as."""
_slots: dict[str, Slot] = {}


def register(pane: type[Pane], source: feeds.Maker | None = None, *, two: At, three: At) -> None:
    """Adds a pane to the room, with the source that feeds its key where nothing does yet.

    It stands at the lower end of its columns, 0 to 1 of `two` and 0 to 2 of `three`, at most as
    high as `rows`, and alone where there is no room. Raises ValueError for one that cannot be
    used, or that has the name of another.
    """
    name = _checked(pane, two, three)
    _check_source(pane.key.name, source)
    number = len(commands.panes()) + 1
    key = str(number) if number < 10 else ""
    words = f"Focus panel {number}: {name}"
    commands.register(Command(f"pane_{name}", name, words, "look", key=key, label=key or "tab"))
    _slots[name] = Slot(guarded(pane), number, two, three)
    if source is not None:
        feeds.add(pane.key.name, source)


def unregister(name: str) -> None:
    """Takes the pane of that name out again, with its source."""
    slot = _slots.pop(name, None)
    if slot is not None:
        commands.unregister(f"pane_{name}")
        feeds.remove(slot.pane.key.name)


def added() -> tuple[Slot, ...]:
    """In the order in which they were added."""
    return tuple(_slots.values())


def read_user_panes(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Imports the user's own panes; a sentence for each file that cannot be used."""
    return imported("panes", PACKAGE, environ)


def _checked(pane: type[Pane], two: At, three: At) -> str:
    if not (isinstance(pane, type) and issubclass(pane, Pane)):
        raise ValueError(f"{pane!r} is no class of a Pane")
    name = getattr(pane, "pane_id", "")
    if not (isinstance(name, str) and name.isidentifier()) or name in PARTS:
        raise ValueError(f"{pane.__name__}: pane_id is no name for a pane: {name!r}")
    if not isinstance(getattr(pane, "key", None), Key):
        raise ValueError(f"{pane.__name__}: key is no Key")
    if not isinstance(getattr(pane, "engine", None), str):
        raise ValueError(f"{pane.__name__}: engine says not whose figures these are")
    for at, columns, word in ((two, 2, "two"), (three, 3, "three")):
        if not 0 <= at.column < columns or at.rows is None:
            raise ValueError(f"{word}: write a column from 0 to {columns - 1}, and rows")
    return name


def _check_source(name: str, source: feeds.Maker | None) -> None:
    fed = feeds.has(name) or name in [key.name for key in KEYS]
    if source is None:
        if not fed:
            raise ValueError(f"nothing feeds {name}: give its source too")
        return
    if getattr(source, "name", None) != name:
        raise ValueError(f"the source of {name} is no class with that name")
    parts = ("period", "timeout", "needs", "open", "read", "close")
    if missing := [part for part in parts if not hasattr(source, part)]:
        raise ValueError(f"the source of {name} has no {', '.join(missing)}")
    if fed:
        raise ValueError(f"{name} has a source already")
