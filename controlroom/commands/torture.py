"""`controlroom torture`: breaks a stack at random and looks for every single event."""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, absolute, performed
from controlroom.settings import Settings
from controlroom.targets.choosing import LOCAL
from scenarios.loading import load

if TYPE_CHECKING:
    from controlroom.torture.report import Report
    from controlroom.torture.run import TortureRequest

DESCRIPTION = """\
Bring up a scratch stack, send acknowledged events with ids of their own, break
processes, links and replicas at random, drain, and compare event by event what
clients, the queue, Redis and the document store have. Exit code 1 when one is
lost or doubled against the promise of the queue, or the books say otherwise."""
EXAMPLES = (
    "controlroom torture --scenario covid --faults 8 --seed 7",
    "controlroom torture --state ~/.local/state/controlroom --faults 5",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the bounds of the torture and where it happens."""
    parser.add_argument("--faults", type=int, default=20, metavar="N", help="how many (20)")
    parser.add_argument("--minutes", type=float, default=30, metavar="M", help="at most (30)")
    parser.add_argument(
        "--patience", type=float, default=60, metavar="S", help="without progress in a drain (60)"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="which faults, and when")
    parser.add_argument("--state", type=Path, metavar="DIR", help="use the stack that runs there")
    parser.add_argument("--queue", metavar="NAME", help="by kafka, streams, direct or pubsub alone")
    parser.add_argument("--keep", action="store_true", help="leave the scratch stack up")
    parser.add_argument(
        "--phases",
        metavar="LIST",
        help="document, disk, topic, redis, power, counter; all; none",
    )


@dataclass
class Torture(Act):
    """Breaks the stack of a state folder that was there before."""

    request: TortureRequest
    report: Report | None = None
    command = "torture"

    def facts(self) -> Mapping[str, Any]:
        request = self.request
        return {
            "state": absolute(request.state or ""),
            "faults": request.faults,
            "seed": request.seed,
            "phases": request.phases,
        }

    async def carry_out(self, here: Here) -> Answer:
        self.report = await _run(here.settings, self.request)
        return Answer(left="" if self.report.passed else "its verdict is bad")


async def main(args: argparse.Namespace) -> Exit:
    """Runs it and says what came of it. Only a stack that is there already is an act."""
    from controlroom.torture.run import TortureRequest
    from controlroom.torture.scratch import QUEUES

    phases = _phases(args)
    if args.faults < 0 or args.minutes <= 0 or args.patience <= 0:
        raise CommandError(
            "controlroom torture: --faults, --minutes and --patience must be above 0."
        )
    seed = secrets.randbelow(1_000_000) if args.seed is None else args.seed
    production = args.settings.targets.production_of([LOCAL])
    bounds = (args.faults, args.minutes * 60, seed, args.state, args.keep, phases, args.patience)
    request = TortureRequest(*bounds, production)
    if args.queue and args.queue not in QUEUES:
        known = ", ".join(QUEUES)
        raise CommandError(f"--queue: the torture judges no {args.queue!r}.", f"Use {known}.")
    if args.queue and args.state is not None:
        raise CommandError("--queue is for a scratch stack; one that runs has its queue already.")
    if args.state is None:
        report = await _run(args.settings, request, args.queue or "")
    else:
        act = Torture(request)
        await performed(act, args)
        assert act.report is not None
        report = act.report
    if args.json:
        emit_json(report.to_json())
    else:
        emit(report.text())
    return Exit.OK if report.passed else Exit.FAILED


async def _run(settings: Settings, request: TortureRequest, queue: str = "") -> Report:
    from controlroom.torture.environment import TortureError
    from controlroom.torture.run import run
    from controlroom.torture.scratch import QUEUES, by_queue

    began = time.monotonic()

    def say(line: str) -> None:
        talk(f"{time.monotonic() - began:7.1f} s  {line}")

    with by_queue(settings.scenario, queue) as reference:
        scenario = load(reference)
        several = len(scenario.queues) > 1
        if not {*scenario.queues} <= {*QUEUES} or (several and request.state is not None):
            raise CommandError(
                f"{scenario.name} goes by {', '.join(scenario.queues)}; the torture judges "
                f"{', '.join(QUEUES)}, and several at once on a scratch stack only.",
                "Name one for a scratch stack: --queue NAME, or leave --state out.",
            )
        try:
            return await run(scenario, reference, request, say)
        except TortureError as error:
            raise CommandError(str(error)) from error


def _phases(args: argparse.Namespace) -> tuple[str, ...]:
    """Nothing is destroyed on a stack that was there before, unless it is asked for."""
    from controlroom.torture.phases import PHASES

    wanted = args.phases or ("none" if args.state else "all")
    if wanted in ("all", "none"):
        return tuple(PHASES) if wanted == "all" else ()
    names = tuple(wanted.split(","))
    for name in names:
        if name not in PHASES:
            known = ", ".join(PHASES)
            raise CommandError(f"--phases: there is no phase {name!r}.", f"Use {known}.")
    return names
