"""`controlroom layout`: the room's layouts. In a room also: take one, make one, save it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, replace

from controlroom import layouts
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import Arranged, arranged, emit, emit_json, talk
from controlroom.commands.registry import panes
from controlroom.commands.table import table
from controlroom.layouts import SHIPPED, Layout
from controlroom.settings import SettingsError

DESCRIPTION = """\
List the room's layouts, or remove one. After : in a room also take one by its name,
arrange panels (layout panels log=3 traffic), and save what is shown."""
EXAMPLES = ("controlroom layout list", "controlroom layout rm night", ":layout save night")
_FIX = "Type it after : in a room; `launch --layout NAME` opens one."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what is done, and to which."""
    parser.add_argument(
        "layout_word", nargs="?", default="list", metavar="NAME|list|save|rm|panels",
        help="a layout that is taken, or what is done",
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="a layout; panels: PANEL[=WEIGHT]")


def main(args: argparse.Namespace) -> Exit:
    """Does it. Raises CommandError, SettingsError."""
    if args.layout_word == "list":
        return _list(args.json)
    if args.layout_word == "rm":
        name = _one(args.names, "rm")
        layouts.remove(name, os.environ)
        talk(f"The layout {name} is removed.")
        return Exit.OK
    room = arranged()
    if room is None:
        raise CommandError(f"`layout {args.layout_word}` is for a room that is open.", _FIX)
    if args.layout_word == "save":
        saved = replace(room.layout_now, name=_one(args.names, "save"))
        talk(f"Saved as {layouts.save(saved, os.environ)}.")
        room.lay_out(saved)
        return Exit.OK
    _take(room, args.layout_word, args.names)
    return Exit.OK


def _take(room: Arranged, name: str, more: Sequence[str]) -> None:
    if name == "panels":
        if not more:
            raise CommandError("`layout panels` wants panels.", f"Panels: {', '.join(panes())}.")
        room.lay_out(layouts.named(more, panes()))
        talk("Arranged. `layout save NAME` keeps it.")
        return
    room.lay_out(layouts.read(name, os.environ, panes()))
    talk(f"Layout {name}.")


def _one(names: Sequence[str], word: str) -> str:
    if len(names) != 1:
        raise CommandError(f"`layout {word}` wants one name.", f"Such as: layout {word} night")
    return names[0]


def _list(as_json: bool) -> Exit:
    found: list[Layout] = []
    for name in layouts.names(os.environ):
        try:
            found.append(layouts.read(name, os.environ, panes()))
        except SettingsError as error:
            talk(f"{error} {error.fix}")
    if as_json:
        emit_json([{**asdict(one), "shipped": one.name in SHIPPED} for one in found])
        return Exit.OK
    rows = [
        (one.name, ", ".join(one.panels) or "all", "shipped" if one.name in SHIPPED else "yours")
        for one in found
    ]
    emit(table(("layout", "panels", ""), rows, left=3))
    return Exit.OK
