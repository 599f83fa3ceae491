"""The user's own keys: the table `[keys]` of the config file, command -> key.

A key is one character, or a name such as `f2`, `ctrl+l`, `delete`. An empty one takes the key from
a command, which then is found in the palette.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from controlroom.commands import registry
from controlroom.commands.command import Command
from controlroom.settings import SettingsError

OF_PANELS = {
    *("up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
    *("enter", "escape", "space", "j", "k", "g", "G", "ctrl+u", "ctrl+d", "b", "m"),
    *("left_curly_bracket", "right_curly_bracket"),
}
"""Keys that the focused panel or a dialog understands itself."""
OF_TERMINAL = {"ctrl+c", "ctrl+z"}
"""Keys that mean the same in every program."""
ALWAYS = ("stop_all", "help", "quit")
"""Commands that never lose their key."""
_NAMED = re.compile(r"(ctrl\+|alt\+)?([a-z0-9]|f[1-9]|f1[0-9]|f2[0-4]|insert|delete|backspace)")
_OTHER_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""What Textual calls a character, where that is not its name in Unicode."""


def apply(keys: Mapping[str, str], origin: str) -> None:
    """Gives commands the keys of the user. Raises SettingsError, and changes nothing then, for a
    command that is not there, a key that cannot be had, and one that two commands would have."""
    changed = {name: _changed(name, key, origin) for name, key in keys.items()}
    _refuse_conflicts([changed.get(one.id, one) for one in registry.commands()], changed, origin)
    for command in changed.values():
        registry.replace(command)


def _changed(name: str, key: str, origin: str) -> Command:
    known = {one.id: one for one in registry.commands()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        fix = f"Did you mean {near[0]!r}?" if near else f"Commands: {', '.join(known)}."
        raise SettingsError(f"{origin}: keys.{name}: there is no such command", fix)
    if not key:
        if name in ALWAYS:
            raise SettingsError(
                f"{origin}: keys.{name} = '': it has to have a key", "Give it another key."
            )
        return replace(known[name], key="", label="", rank=None)
    kept = [each for each in known[name].key.split(",") if each in OF_TERMINAL]
    return replace(known[name], key=",".join((_name(name, key, origin), *kept)), label=key)


def _name(command: str, key: str, origin: str) -> str:
    """Textual's name of a key. Raises SettingsError for one that cannot be had."""
    named = _character(key) if len(key) == 1 else key
    if named in OF_PANELS | OF_TERMINAL:
        raise SettingsError(
            f"{origin}: keys.{command} = {key!r}: panels and dialogs have this key themselves",
            "Use another one.",
        )
    if (len(key) == 1 and key.isprintable()) or _NAMED.fullmatch(key):
        return named
    raise SettingsError(
        f"{origin}: keys.{command} = {key!r} is no key",
        "Use one character, or a name such as f2, ctrl+l, alt+x, delete.",
    )


def _character(key: str) -> str:
    if key == " ":
        return "space"
    if key.isalnum():
        return key
    name = unicodedata.name(key, "").lower().replace("-", "_").replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _refuse_conflicts(commands: list[Command], changed: Mapping[str, Command], origin: str) -> None:
    having: dict[str, list[Command]] = defaultdict(list)
    for one in commands:
        for key in filter(None, one.key.split(",")):
            having[key].append(one)
    for key, several in having.items():
        if len(several) > 1 and key not in OF_TERMINAL:
            new = next(one for one in several if one.id in changed)
            old = next(one for one in several if one is not new)
            raise SettingsError(
                f"{origin}: keys.{new.id} = {new.label!r}: {old.id} has this key too",
                f'Use another one, or give {old.id} another: `keys.{old.id} = "..."`.',
            )
