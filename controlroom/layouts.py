"""Layouts of the room: which panels are shown, in which order, how large, and what they show first.

One is a file `layouts/NAME.toml` beside the config file; a few are shipped. Panels are known by
their names, which the caller gives, since users may add some.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from controlroom.folders import config_dir
from controlroom.settings import SettingsError, place, toml
from host.errors import StackError
from host.paths import write_private

WINDOW = (60, 21_600)
"""Least and most seconds of the time axis."""
WEIGHT = (1, 20)
COLUMNS = (1, 3)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
WORDS = ("list", "panels", "rm", "save")
"""What is no name of a layout: these are said before one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the room is laid out. The names are the keys of the file, but for the name."""

    name: str
    panels: tuple[str, ...] = ()
    """Those that are shown, in their order; none: all, where each has its place by design."""
    weights: Mapping[str, int] = field(default_factory=dict)
    """Panel -> its share of its column's height, 1 where nothing is said."""
    columns: int = 3
    """How many there are at most; where the terminal is small there are fewer."""
    focus: str = ""
    """The focused panel; empty: the first."""
    zoom: bool = False
    """Whether it is alone at first."""
    window: int = 300
    """Seconds of the time axis."""
    view: str = ""
    """View of the tallies; empty: the scenario's first."""

    def weight(self, panel: str) -> int:
        """Its share of its column."""
        return self.weights.get(panel, 1)


DEFAULT = Layout("default")
SHIPPED = {
    one.name: one
    for one in (
        DEFAULT,
        Layout(
            "traffic", ("traffic", "time", "tallies", "books"), {"time": 2, "tallies": 2},
            columns=2, focus="traffic", window=900,
        ),
        Layout("log", ("log", "traffic"), {"log": 3}, columns=1, focus="log"),
    )
}  # fmt: skip
"""The layouts that come with the room, the usual one first."""


def folder(environ: Mapping[str, str]) -> Path:
    """Where the user's layouts are; it need not exist."""
    return config_dir(environ) / "layouts"


def file_of(name: str, environ: Mapping[str, str]) -> Path:
    """The file of a layout. Raises SettingsError for what is no name."""
    if not NAME.fullmatch(name) or name in WORDS:
        raise SettingsError(
            f"{name!r} is no name for a layout",
            f"Use a-z, 0-9, - and _, at most 31, and not {', '.join(WORDS)}.",
        )
    return folder(environ) / f"{name}.toml"


def names(environ: Mapping[str, str]) -> list[str]:
    """Those that are shipped, then those that were saved."""
    try:
        own = sorted(path.stem for path in folder(environ).glob("*.toml"))
    except OSError:
        own = []
    return [*SHIPPED, *(one for one in own if one not in SHIPPED and NAME.fullmatch(one))]


def read(name: str, environ: Mapping[str, str], known: Sequence[str]) -> Layout:
    """The layout of that name, an empty one is the default. `known` are the panels that there are.

    Raises SettingsError with file, line and key.
    """
    if not name or name in SHIPPED:
        return SHIPPED[name or DEFAULT.name]
    path = file_of(name, environ)
    try:
        text, table = toml(path)
    except FileNotFoundError:
        every = names(environ)
        near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
        fix = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(every)}."
        raise SettingsError(f"There is no layout {name!r}", fix) from None
    return _Reading(path, text, known).layout(name, table)


def named(panels: Sequence[str], known: Sequence[str]) -> Layout:
    """A layout of `PANEL` or `PANEL=WEIGHT` each. Raises SettingsError."""
    table: dict[str, Any] = {"panels": [], "weights": {}}
    for words in panels:
        name, equals, weight = words.partition("=")
        table["panels"].append(name)
        if equals:
            table["weights"][name] = int(weight) if weight.isdecimal() else weight
    return _Reading(None, "", known).layout("unsaved", table)


def save(layout: Layout, environ: Mapping[str, str]) -> Path:
    """Writes it under its name. Raises SettingsError where that cannot be done."""
    if layout.name in SHIPPED:
        raise SettingsError(f"The layout {layout.name!r} is shipped", "Use another name.")
    path = file_of(layout.name, environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_private(path, _toml(layout))
    except (OSError, StackError) as error:
        raise SettingsError(f"{path} cannot be written: {error}", "Look at that path.") from error


def remove(name: str, environ: Mapping[str, str]) -> None:
    """Removes a saved one. Raises SettingsError where there is none."""
    if name in SHIPPED:
        raise SettingsError(f"The layout {name!r} is shipped", "It stays.")
    path = file_of(name, environ)
    try:
        path.unlink()
    except FileNotFoundError:
        read(name, environ, ())
    except OSError as error:
        raise SettingsError(f"{path} cannot be removed: {error}", "Look at that path.") from error


def _toml(layout: Layout) -> str:
    lines = [
        f"panels = {json.dumps(list(layout.panels))}",
        f"columns = {layout.columns}",
        f"focus = {json.dumps(layout.focus)}",
        f"zoom = {json.dumps(layout.zoom)}",
        f"window = {layout.window}",
        f"view = {json.dumps(layout.view)}",
    ]
    if layout.weights:
        lines += ["", "[weights]", *(f"{name} = {n}" for name, n in layout.weights.items())]
    return "\n".join(lines) + "\n"


class _Reading:
    """Checks a table key by key; each mistake says where it is."""

    def __init__(self, path: Path | None, text: str, known: Sequence[str]) -> None:
        self._path = path
        self._text = text
        self._known = known

    def layout(self, name: str, table: Mapping[str, Any]) -> Layout:
        keys = ("panels", "weights", "columns", "focus", "zoom", "window", "view")
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
                fix = f"Did you mean {near[0]!r}?" if near else f"Keys: {', '.join(keys)}."
                raise self._wrong(key, f"unknown key {key!r}", fix)
        panels = self._panels(table.get("panels", []))
        found = Layout(
            name,
            panels,
            self._weights(table.get("weights", {}), panels),
            self._number("columns", table, 3, COLUMNS),
            self._text_of("focus", table),
            self._switch("zoom", table),
            self._number("window", table, DEFAULT.window, WINDOW),
            self._text_of("view", table),
        )
        if found.focus:
            self._panel("focus", found.focus)
        return replace(found, focus=found.focus or next(iter(panels), ""))

    def _panels(self, given: object) -> tuple[str, ...]:
        if not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
            raise self._wrong("panels", "panels is no list of names", 'Write ["log", "time"].')
        for name in given:
            self._panel("panels", name)
            if given.count(name) > 1:
                raise self._wrong("panels", f"panels: {name} is named twice", "Name it once.")
        return tuple(given)

    def _panel(self, key: str, name: str) -> None:
        if name in self._known:
            return
        near = difflib.get_close_matches(name, self._known, n=1, cutoff=0.3)
        fix = f"Did you mean {near[0]!r}?" if near else f"Panels: {', '.join(self._known)}."
        raise self._wrong(key, f"{key}: there is no panel {name!r}", fix)

    def _weights(self, given: object, panels: Sequence[str]) -> Mapping[str, int]:
        if not isinstance(given, dict):
            raise self._wrong("weights", "weights is no table", "Write [weights] and log = 2.")
        for name in given:
            self._panel(f"{name}", name)
            if name not in panels:
                raise self._wrong(name, f"weights: {name} is not shown", "Name it in panels.")
        return {name: self._number(name, given, 1, WEIGHT) for name in given}

    def _number(
        self, key: str, table: Mapping[str, Any], default: int, bounds: tuple[int, int]
    ) -> int:
        value = table.get(key, default)
        low, high = bounds
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        fix = f"Use a whole number, {low} to {high}."
        raise self._wrong(key, f"{key} = {value!r} is not possible", fix)

    def _text_of(self, key: str, table: Mapping[str, Any]) -> str:
        value = table.get(key, "")
        if isinstance(value, str):
            return value
        raise self._wrong(key, f"{key} = {value!r} is no text", "Use a text in quotes.")

    def _switch(self, key: str, table: Mapping[str, Any]) -> bool:
        value = table.get(key, False)
        if isinstance(value, bool):
            return value
        raise self._wrong(key, f"{key} = {value!r} is neither true nor false", "Use true or false.")

    def _wrong(self, key: str, words: str, fix: str) -> SettingsError:
        where = f"{place(self._path, self._text, key)}: " if self._path else ""
        return SettingsError(f"{where}{words}", fix)
