"""`controlroom down`: the local stack ends."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlroom.commands.exits import Exit
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb
from controlroom.runs.stop import NOTHING, Stopped, stop_all
from controlroom.targets.choosing import LOCAL
from controlroom.targets.local import LocalTarget
from host.paths import stack_socket
from stack.client import StackClient
from stack.daemon_files import DaemonFiles

DESCRIPTION = """\
Stop all runs, then the services and the engines. What was stored stays, and
`controlroom up` goes on with it."""
EXAMPLES = ("controlroom down", "controlroom down --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


@dataclass
class Down(Act):
    """Ends runs first, so that none is left that loads a stack which is gone."""

    done: Stopped = NOTHING
    command = "down"

    def facts(self) -> Mapping[str, Any]:
        return {"runs": self.done.runs, "faults": self.done.faults}

    def place(self, here: Here) -> str:
        return LOCAL

    async def carry_out(self, here: Here) -> Answer:
        state = here.settings.state_dir
        target = LocalTarget.from_settings(here.settings)
        try:
            self.done = await stop_all(here.store, target)
        finally:
            await target.close()
        up = DaemonFiles(state).daemon() is not None
        if up:
            async with StackClient(stack_socket(state)) as client:
                await client.down()
        return Answer(
            "The stack is down; what it stored stays." if up else "No stack is up.",
            data={"runs": list(self.done.runs), "faults": list(self.done.faults)},
        )


async def main(args: argparse.Namespace) -> Exit:
    """Takes it down."""
    return await perform_verb(Down(), args)
