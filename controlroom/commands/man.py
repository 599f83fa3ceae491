"""`controlroom man`: the manual page, made of what is registered."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from controlroom.commands import parsers
from controlroom.commands.command import Verb
from controlroom.commands.exits import MEANINGS, Exit
from controlroom.commands.face import emit
from controlroom.commands.registry import verbs
from host.version import VERSION

DESCRIPTION = "Print the manual page, with the user's own commands; a reader shows it."
EXAMPLES = ("controlroom man | man -l -", "controlroom man > ~/.local/share/man/man1/controlroom.1")
FILES = (
    ("~/.config/controlroom/config.toml", "settings, by their names"),
    ("~/.config/controlroom/commands/", "commands of your own"),
    ("~/.local/state/controlroom/", "data of the local stack, runs, audit, logs"),
    ("~/.cache/controlroom/", "engines and programs that can be fetched or built again"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


def main(args: argparse.Namespace) -> Exit:
    """Prints it."""
    emit(page())
    return Exit.OK


def page() -> str:
    """The page in the language of man(7), without a line break at its end."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield f'.TH CONTROLROOM 1 "" "controlroom {VERSION}" "User Commands"'
    yield from (".SH NAME", "controlroom \\- a terminal control room for event pipelines")
    yield from (".SH SYNOPSIS", "\\fBcontrolroom\\fR \\fIVERB\\fR [\\fIoptions\\fR]")
    yield from (
        ".SH DESCRIPTION",
        "Watch, load and break a pipeline of events, and see that nothing was lost.",
        "Data goes to standard output, talk to standard error.",
        ".SH VERBS",
    )
    for entry in verbs():
        yield from _verb(entry)
    yield from (".SH OPTIONS OF EVERY VERB", "They stand before or after the verb.")
    for action in parsers.before_parser()._actions:
        if action.option_strings:
            yield from _option(action)
    yield ".SH EXIT STATUS"
    for code, meaning in MEANINGS.items():
        yield from (".TP", f"\\fB{code:d}\\fR", _text(meaning))
    yield ".SH FILES"
    for name, what in FILES:
        yield from (".TP", f"\\fI{_text(name)}\\fR", _text(what))
    yield from ("\\fBcontrolroom info\\fR prints where they are here.", ".SH ENVIRONMENT")
    yield "\\fBCONTROLROOM_\\fINAME\\fR sets what a setting\\(aqs flag of that name sets."


def _verb(entry: Verb) -> Iterator[str]:
    module = entry.load()
    parser = parsers.verb_parser(entry, module)
    usage = " ".join((parser.usage or f"controlroom {entry.name} [options]").split())
    yield from (f".SS {_text(entry.name)}", f"\\fB{_text(usage)}\\fR", ".PP")
    yield _text(" ".join(module.DESCRIPTION.split()))
    for action in parser._actions:
        if action.help != argparse.SUPPRESS and action.dest not in ("help", "json"):
            yield from _option(action)
    yield from (".PP", ".nf", *map(_text, module.EXAMPLES), ".fi")


def _option(action: argparse.Action) -> Iterator[str]:
    """One flag, or one word that has no name."""
    value = _value(action)
    flags = ", ".join(f"\\fB{_text(name)}\\fR" for name in action.option_strings)
    yield from (".TP", f"{flags} {value}".strip())
    yield _text(" ".join((action.help or "").split())) if _said(action) else "\\&"


def _said(action: argparse.Action) -> bool:
    return action.help not in (None, "", argparse.SUPPRESS)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    named = action.metavar if isinstance(action.metavar, str) else ""
    if not named and action.choices:
        named = "|".join(map(str, action.choices))
    return f"\\fI{_text(named or action.dest.upper())}\\fR"


def _text(words: str) -> str:
    """Words as they are: no sign of theirs is a command of the language."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    plain = "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in escaped)
    return re.sub(r"^(?=[.'])", r"\\&", plain)
