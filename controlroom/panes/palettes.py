"""Colours of the room: the palettes that come with it, and those of the user's own files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from controlroom.folders import config_dir
from controlroom.settings import SettingsError, toml


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for, each `#rrggbb`; no meaning is told by one of them alone."""

    name: str
    dark: bool
    background: str
    surface: str
    """Of dialogs."""
    raised: str
    """Of fields in a dialog."""
    text: str
    dim: str
    frame: str
    bright: str
    accent: str
    bar: str
    good: str
    warn: str
    bad: str
    latency: str
    lag: str
    track: str
    """Of what a bar has not filled yet, on `trough`."""
    trough: str
    members: tuple[str, ...]
    """Of lines of the log, by what they count for; none is a colour of trouble."""


DARK = Palette(
    name="dark",
    dark=True,
    background="#121212",
    surface="#1c1c1c",
    raised="#262626",
    text="#c6c6c6",
    dim="#8a8a8a",
    frame="#444444",
    bright="#eeeeee",
    accent="#87afd7",
    bar="#5f87af",
    good="#87af87",
    warn="#d7af5f",
    bad="#ff5f5f",
    latency="#5fafaf",
    lag="#af87d7",
    track="#585858",
    trough="#303030",
    members=("#87afd7", "#87af87", "#af87d7", "#5fafaf", "#d787af", "#afaf87"),
)
"""Exact in 256 colours."""
LIGHT = Palette(
    name="light",
    dark=False,
    background="#ffffff",
    surface="#eeeeee",
    raised="#d7d7d7",
    text="#303030",
    dim="#5f5f5f",
    frame="#bcbcbc",
    bright="#000000",
    accent="#005faf",
    bar="#5f87af",
    good="#005f00",
    warn="#875f00",
    bad="#af0000",
    latency="#005f5f",
    lag="#5f00af",
    track="#bcbcbc",
    trough="#d7d7d7",
    members=("#005faf", "#005f00", "#5f00af", "#005f5f", "#87005f", "#5f5f00"),
)
"""Exact in 256 colours too."""
CONTRAST = Palette(
    name="contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    raised="#303030",
    text="#ffffff",
    dim="#d0d0d0",
    frame="#a8a8a8",
    bright="#ffffff",
    accent="#5fd7ff",
    bar="#5fd7ff",
    good="#5fff5f",
    warn="#ffd700",
    bad="#ff8787",
    latency="#5fffd7",
    lag="#d7afff",
    track="#767676",
    trough="#303030",
    members=("#5fd7ff", "#5fff5f", "#d7afff", "#5fffd7", "#ffafd7", "#ffffaf"),
)
SIXTEEN = Palette(
    name="sixteen",
    dark=True,
    background="#000000",
    surface="#000000",
    raised="#555555",
    text="#aaaaaa",
    dim="#aaaaaa",
    frame="#555555",
    bright="#ffffff",
    accent="#55ffff",
    bar="#00aaaa",
    good="#55ff55",
    warn="#ffff55",
    bad="#ff5555",
    latency="#00aaaa",
    lag="#ff55ff",
    track="#555555",
    trough="#000000",
    members=("#55ffff", "#55ff55", "#ff55ff", "#00aaaa", "#5555ff", "#aaaaaa"),
)
"""The sixteen colours of a terminal that has no others, so that none of them becomes another."""
PALETTES = {one.name: one for one in (DARK, LIGHT, CONTRAST, SIXTEEN)}
AUTO = "auto"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_COLOURS = tuple(one.name for one in fields(Palette) if one.name not in ("name", "dark", "members"))


def palette(name: str, environ: Mapping[str, str], colours: str = "") -> Palette:
    """The palette of that name; `auto` follows how many colours the terminal has (`standard` are
    sixteen). Raises SettingsError where there is none, or its file cannot be used."""
    if name == AUTO:
        return SIXTEEN if colours == "standard" else DARK
    if name in PALETTES:
        return PALETTES[name]
    path = file_of(name, environ)
    try:
        _, table = toml(path)
    except FileNotFoundError as error:
        known = ", ".join((AUTO, *PALETTES))
        raise SettingsError(
            f"theme = {name!r}: there is no such theme", f"Use one of {known}, or write {path}."
        ) from error
    return _over(table, name, path)


def file_of(name: str, environ: Mapping[str, str]) -> Path:
    """Where the user's own theme of that name is, or would be."""
    return config_dir(environ) / "themes" / f"{Path(name).name}.toml"


def _over(table: dict[str, object], name: str, path: Path) -> Palette:
    """The palette that `base` names, with the colours of the table over it."""
    base = table.pop("base", DARK.name)
    if base not in PALETTES:
        raise SettingsError(f"{path}: base = {base!r} is no theme", f"Use {', '.join(PALETTES)}.")
    for key, colour in table.items():
        if key not in _COLOURS:
            raise SettingsError(f"{path}: {key} is no colour", f"Colours: {', '.join(_COLOURS)}.")
        if not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
            raise SettingsError(f"{path}: {key} = {colour!r} is no colour", 'Write "#rrggbb".')
    return replace(PALETTES[str(base)], name=name, **table)  # type: ignore[arg-type]
