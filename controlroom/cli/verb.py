"""What a verb is: a module with these names, imported only when its verb is used.

    DESCRIPTION: str                     one or two sentences, shown by --help
    EXAMPLES: tuple[str, ...]            two or three command lines, shown by --help
    def add_arguments(parser) -> None
    def main(args) -> Exit               or `async def`, then it runs in an event loop

A verb with `TAKES_MORE = True` gets the words that its parser does not know as `args.more`.

`args.settings` is the `controlroom.settings.Settings` of the process. `--json` is added to every
verb by the entrance (`args.json`); data goes to stdout by `emit`, talk to stderr by `talk`.
Raise `controlroom.cli.exits.CommandError` for whatever the user can mend; `TargetError` of
the targets is turned into one at the entrance. `--help` fits 24 lines of 80 columns.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable
from typing import Any, Protocol

from controlroom.cli.exits import Exit


class Verb(Protocol):
    """A module of one verb."""

    DESCRIPTION: str
    EXAMPLES: tuple[str, ...]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the verb's own options."""
        ...

    def main(self, args: argparse.Namespace) -> Exit | Awaitable[Exit]:
        """Does it and answers with the exit code."""
        ...


def talk(text: str = "") -> None:
    """One line to the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


class NobodyReadsError(Exception):
    """Whoever read our output has closed it. Not an OSError, which sources raise too."""


def emit(text: str) -> None:
    """Data for a person or a pipe, on stdout. Raises NobodyReadsError."""
    try:
        print(text, flush=True)
    except BrokenPipeError as error:
        raise NobodyReadsError from error


def emit_json(value: Any) -> None:
    """Data for a program, on stdout: one JSON value, keys in their order. As `emit` raises."""
    emit(json.dumps(value, ensure_ascii=False))
