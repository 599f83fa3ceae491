"""The one registry behind keys, footer, palette, help, command bar, command line and read-only.

What comes with the project is in `catalogue`. A file `NAME.py` in the folder `commands` of the
config folder adds to it by `register`, and is a verb's module itself where it names none.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from controlroom.commands.catalogue import COMMANDS, VERBS
from controlroom.commands.command import Command, Verb
from controlroom.commands.exits import CommandError

_commands: dict[str, Command] = {one.id: one for one in COMMANDS}
_verbs: dict[str, Verb] = {one.name: one for one in VERBS}
PACKAGE = "controlroom_user_commands"
"""What the user's own files are imported as."""


def register(*added: Command | Verb) -> None:
    """Adds commands and verbs. Raises ValueError for a name or a key that is taken."""
    for one in added:
        if isinstance(one, Verb):
            if one.name in _verbs:
                raise ValueError(f"there is a verb {one.name} already")
            _verbs[one.name] = one
            continue
        if one.id in _commands:
            raise ValueError(f"there is a command {one.id} already")
        taken = {key for other in _commands.values() for key in other.key.split(",") if key}
        if both := taken.intersection(one.key.split(",")):
            raise ValueError(f"the key {', '.join(sorted(both))} is taken already")
        _commands[one.id] = one


def replace(command: Command) -> None:
    """Puts a command in the place of the one of the same id."""
    _commands[command.id] = command


def key_label(command_id: str) -> str:
    """How people get at it, for a sentence that says which key to press."""
    return _commands[command_id].typed


def unregister(*names: str) -> None:
    """Takes commands and verbs of these names out again."""
    for name in names:
        _commands.pop(name, None)
        _verbs.pop(name, None)


def commands() -> tuple[Command, ...]:
    """All commands."""
    return tuple(_commands.values())


def named(command_id: str) -> Command:
    """The command of that id; KeyError where there is none."""
    return _commands[command_id]


def available(read_only: bool) -> tuple[Command, ...]:
    """The commands of a room; in read-only mode those that change nothing, nor lead to it."""
    return tuple(one for one in commands() if not (read_only and one.dangerous))


def with_key(read_only: bool) -> tuple[Command, ...]:
    """Of these, those that have a key."""
    return tuple(one for one in available(read_only) if one.key)


def footer(read_only: bool) -> tuple[Command, ...]:
    """Those that the footer names, in its order."""
    ranked = [one for one in with_key(read_only) if one.rank is not None]
    return tuple(sorted(ranked, key=lambda one: one.rank or 0))


def panes() -> tuple[str, ...]:
    """The panels of the room in the order of their numbers."""
    return tuple(one.removeprefix("pane_") for one in _commands if one.startswith("pane_"))


def verbs(inside: bool = False) -> tuple[Verb, ...]:
    """All verbs, or those that make sense inside a room."""
    return tuple(one for one in _verbs.values() if one.inside or not inside)


def find(name: str, inside: bool = False) -> Verb:
    """The verb of that name. Raises CommandError with the nearest one."""
    known = {one.name: one for one in verbs(inside)}
    if name in known:
        return known[name]
    if name in _verbs:
        raise CommandError(f"{name!r} is for a shell, not for the room.", "Leave the room first.")
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"Did you mean `controlroom {near[0]}`?" if near else "See `controlroom --help`."
    raise CommandError(f"controlroom has no verb {name!r}.", fix)


def read_user_commands(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Imports the user's own commands; a sentence for each file that cannot be used."""
    from controlroom.folders import imported

    return imported("commands", PACKAGE, environ)
