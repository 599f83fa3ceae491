"""`controlroom down`: the local stack ends."""

from __future__ import annotations

import argparse

from controlroom.cli.exits import Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.runs.stop import stop_all
from controlroom.runs.store import Store
from controlroom.targets.local import LocalTarget
from stack.client import StackClient
from stack.marks import Marks
from stack.paths import stack_socket

DESCRIPTION = """\
Stop all runs, then the services and the engines. What was stored stays, and
`controlroom up` goes on with it."""
EXAMPLES = ("controlroom down", "controlroom down --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


async def main(args: argparse.Namespace) -> Exit:
    """Ends runs first, so that none is left that loads a stack which is gone."""
    target = LocalTarget.from_settings(args.settings)
    try:
        stopped = await stop_all(Store(args.settings.state_dir / "runs"), target)
    finally:
        await target.close()
    if Marks(args.settings.state_dir).daemon() is None:
        talk("No stack is up.")
    else:
        async with StackClient(stack_socket(args.settings.state_dir)) as client:
            await client.down()
        talk("The stack is down; what it stored stays.")
    if args.json:
        emit_json({"runs": list(stopped.runs), "faults": list(stopped.faults)})
    return Exit.OK
