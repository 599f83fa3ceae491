"""`controlroom up`: the local stack, up and ready."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

from controlroom.commands.exits import Exit
from controlroom.commands.face import talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb
from controlroom.settings import Settings
from controlroom.targets.choosing import LOCAL
from host.errors import StackError
from host.paths import stack_socket
from scenarios.loading import load, whole
from stack.client import Json, StackClient
from stack.doctor import examine, first_fault

DESCRIPTION = """\
Bring the local stack up and wait until all of it is ready. A stack that runs
is left alone, but for another --scenario, which its services then take."""
EXAMPLES = ("controlroom up", "controlroom up --scenario worldcup", "controlroom up --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own; `--scenario` is a setting."""


@dataclass
class Up(Act):
    """Starts the stack or attaches to it. Raises StackError.

    What is wrong with the machine is said before anything starts, as `doctor` says it.
    """

    by: str = ""
    """The verb that wanted it, where that was another."""
    scenario: str = ""
    command = "up"

    def place(self, here: Here) -> str:
        return LOCAL

    async def carry_out(self, here: Here) -> Answer:
        settings = here.settings
        wanted = settings.scenario
        self.scenario = whole(wanted)
        started = time.monotonic()
        async with StackClient(stack_socket(settings.state_dir)) as client:
            running = await _running(client)
            if running is None:
                await _refuse_bad_machine(settings)
            elif settings.origin("scenario") != "default" and not await client.set_scenario(wanted):
                _say(started, "it has other services: the stack is started again")
                await client.down()
            status = await client.ensure_up(lambda line: _say(started, line), wanted)
        if running is None:
            ingress = status["endpoints"]["ingress"]
            _say(started, f"ready; events go to {ingress}/input")
        return Answer(data=status)


async def main(args: argparse.Namespace) -> Exit:
    """Brings it up; says where its endpoints are."""
    return await perform_verb(Up(), args)


async def runs(settings: Settings) -> bool:
    """Whether the stack runs, with the scenario that is wanted: nothing is to be done then."""
    async with StackClient(stack_socket(settings.state_dir)) as client:
        running = await _running(client)
    if running is None:
        return False
    scenario = load(settings.scenario).name
    return settings.origin("scenario") == "default" or scenario == running["stack"]["scenario"]


async def _running(client: StackClient) -> Json | None:
    try:
        return await client.status()
    except StackError as error:
        if error.kind != "unreachable":
            raise
        return None


async def _refuse_bad_machine(settings: Settings) -> None:
    fault = first_fault(await examine(settings.state_dir))
    if fault is not None:
        raise fault


def _say(started: float, line: str) -> None:
    talk(f"{time.monotonic() - started:6.1f} s  {line}")
