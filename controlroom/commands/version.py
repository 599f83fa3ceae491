"""`controlroom version`: which one this is."""

from __future__ import annotations

import argparse

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json
from host.version import VERSION

DESCRIPTION = "Print the version. `controlroom info` prints those of the libraries too."
EXAMPLES = ("controlroom version", "controlroom version --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


def main(args: argparse.Namespace) -> Exit:
    """Prints it."""
    if args.json:
        emit_json({"controlroom": VERSION})
    else:
        emit(f"controlroom {VERSION}")
    return Exit.OK
