"""`controlroom doctor`: is everything here that the local stack needs?"""

from __future__ import annotations

import argparse

from controlroom.cli.checks import show
from controlroom.cli.exits import Exit
from stack.doctor import examine

DESCRIPTION = """\
Check this machine: programs, folders, disk, ports, terminal. Every fault comes
with a line that mends it. Exit code 1 when there is one."""
EXAMPLES = ("controlroom doctor", "controlroom doctor --json | jq '.[] | select(.ok|not)'")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


async def main(args: argparse.Namespace) -> Exit:
    """Runs all checks; changes nothing."""
    return show(await examine(args.settings.state_dir), args)
