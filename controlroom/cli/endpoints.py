"""`controlroom endpoints`: where the doors are."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from controlroom.cli.exits import Exit
from controlroom.cli.table import table
from controlroom.cli.verb import emit, emit_json
from controlroom.targets.local import LocalTarget

DESCRIPTION = """\
Print the addresses of the ingress and of the stores, usable by any client on
this machine. Addresses of stores hold their passwords."""
EXAMPLES = (
    "controlroom endpoints",
    "controlroom endpoints --json",
    "curl $(controlroom endpoints --json | jq -r .ingress)/live",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


async def main(args: argparse.Namespace) -> Exit:
    """Asks the stack."""
    target = LocalTarget.from_settings(args.settings)
    try:
        doors = asdict(await target.endpoints())
    finally:
        await target.close()
    if args.json:
        emit_json(doors)
    else:
        emit(table(("door", "address"), list(doors.items()), left=2))
    return Exit.OK
