"""`controlroom help`: the verbs, or one of them."""

from __future__ import annotations

import argparse

from controlroom.commands import parsers
from controlroom.commands.exits import Exit
from controlroom.commands.face import emit
from controlroom.commands.registry import find

DESCRIPTION = "List the verbs, or explain one of them, as its --help does."
EXAMPLES = ("controlroom help", "controlroom help chaos")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares which verb."""
    parser.add_argument("verb", nargs="?", metavar="VERB", help="the verb to explain")


def main(args: argparse.Namespace) -> Exit:
    """Prints it."""
    if args.verb is None:
        emit(parsers.overview())
        return Exit.OK
    entry = find(args.verb)
    parsers.verb_parser(entry, entry.load()).print_help()
    return Exit.OK
