"""What a command is. Nothing of what it does is imported before it is carried out."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

from controlroom.commands.exits import Exit

if TYPE_CHECKING:
    import argparse

Level = Literal["harmless", "reversible", "blast"]
"""harmless: no question · reversible: yes or no · blast: a name is typed."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done, as all faces name it.

    One with a `verb` can be typed, on the command line and in the command bar. One with a `key`
    has a key in the room; `Flows.<id>`, `RoomScreen.do_<id>` or `ControlRoom.do_<id>` carries it
    out there, and where none of them is, its `verb` does.
    """

    id: str
    title: str
    help: str
    group: str = "act"
    """Its place in the help of the room: act, look or room."""
    level: Level = "harmless"
    """What it asks; a name where a file says so, or where nothing would be left."""
    key: str = ""
    """Textual's names of the keys, separated by commas."""
    label: str = ""
    """The key as it is written for people."""
    rank: int | None = None
    """Place in the footer; None keeps it out of there."""
    verb: str = ""
    """The words of the command line that do it, such as `chaos stop`."""
    needs: tuple[str, ...] = ()
    """What has to be named after the words: a deployment, a file, a run, a fault."""
    changes: bool = False
    """Whether it changes anything: it is noted in the audit then, and refused when read-only."""
    spared: bool = False
    """Whether it asks no more on production than elsewhere: what only ends load or faults, or
    starts what is not there, is never made harder."""
    refusal: str = "nothing is changed"
    """What is said of it when it is refused because of that."""

    @property
    def dangerous(self) -> bool:
        """Whether it changes anything, or leads to what does."""
        return self.changes or self.level != "harmless"

    @property
    def typed(self) -> str:
        """How people get at it: its key, or what is typed in the command bar."""
        return self.label or f":{self.verb}"


class VerbModule(Protocol):
    """A module, or any object, with what a verb is. `args.settings` are the process's settings,
    `args.json` is added to every verb. With `TAKES_MORE = True` it gets the words that its parser
    does not know as `args.more`. `--help` fits 24 lines of 80 columns.

    `main` raises `controlroom.commands.exits.CommandError` for whatever the user can fix. What
    changes anything is an `Act`, and carried out by `performing`.
    """

    DESCRIPTION: str
    """One or two sentences, shown by --help."""
    EXAMPLES: tuple[str, ...]
    """One to three command lines, shown by --help."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the verb's own options."""
        ...

    def main(self, args: argparse.Namespace) -> Exit | Awaitable[Exit]:
        """Does it and answers with the exit code."""
        ...


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of the command line."""

    name: str
    line: str
    """What it does, one line."""
    where: str = ""
    """The module that does it; `controlroom.commands.<name>` where nothing is said."""
    inside: bool = True
    """Whether it makes sense in a room that is open."""
    itself: bool = False
    """Whether it shows something of the program; then it works where the settings are wrong."""
    seldom: bool = False
    """Whether the list of all verbs only names it."""

    def load(self) -> VerbModule:
        """Imports the verb's module."""
        module = importlib.import_module(self.where or f"controlroom.commands.{self.name}")
        return cast(VerbModule, module)
