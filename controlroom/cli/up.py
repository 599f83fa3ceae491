"""`controlroom up`: the local stack, up and ready."""

from __future__ import annotations

import argparse
import time

from controlroom.cli.exits import Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.settings import Settings
from controlroom.targets import reading
from stack.client import Json, StackClient
from stack.doctor import examine, first_fault
from stack.errors import StackError
from stack.paths import stack_socket

DESCRIPTION = """\
Bring the local stack up and wait until all of it is ready. A stack that runs
is left alone, but for another --scenario, which its services then take."""
EXAMPLES = ("controlroom up", "controlroom up --scenario worldcup", "controlroom up --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own; `--scenario` is a setting."""


async def main(args: argparse.Namespace) -> Exit:
    """Brings it up; says where its doors are."""
    status = await bring_up(args.settings)
    if args.json:
        emit_json(status)
    return Exit.OK


async def bring_up(settings: Settings) -> Json:
    """Starts the stack or attaches to it; answers its status. Raises StackError.

    What is wrong with the machine is said before anything starts, as `doctor` says it.
    """
    started = time.monotonic()
    async with StackClient(stack_socket(settings.state_dir)) as client:
        running = await _running(client)
        if running is None:
            await _refuse_bad_machine(settings)
        elif settings.origin("scenario") != "default":
            await client.set_scenario(settings.scenario)
        status = await client.ensure_up(lambda line: _say(started, line), settings.scenario)
    if running is None:
        where = reading.endpoints(status["endpoints"])
        _say(started, f"ready; events go to {where.ingress}/input")
    return status


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
