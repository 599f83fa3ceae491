"""`controlroom doctor`: is everything here that the local stack needs?"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from controlroom.cli.exits import Exit
from controlroom.cli.table import sign
from controlroom.cli.verb import emit, emit_json
from stack.doctor import examine

DESCRIPTION = """\
Check this machine: programs, folders, disk, ports, terminal. Every fault comes
with a line that mends it. Exit code 1 when there is one."""
EXAMPLES = ("controlroom doctor", "controlroom doctor --json | jq '.[] | select(.ok|not)'")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


async def main(args: argparse.Namespace) -> Exit:
    """Runs all checks; changes nothing."""
    checks = await examine(args.settings.state_dir)
    if args.json:
        emit_json([asdict(check) for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            emit(f"{sign(check.ok, args.settings)} {check.name:<{width}}  {check.message}")
            if not check.ok and check.fix:
                emit(f"  {'':<{width}}  -> {check.fix}")
    return Exit.OK if all(check.ok for check in checks) else Exit.FAILED
