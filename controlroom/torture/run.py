"""A torture on a stack of its own, or on one that runs."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from controlroom.torture.disk import mount
from controlroom.torture.doors import System, system_of
from controlroom.torture.environment import TortureEnvironment
from controlroom.torture.faults import left_out
from controlroom.torture.leftovers import keep, remove, remove_leftovers, scratch_folder
from controlroom.torture.phases import phases_of, run_phases
from controlroom.torture.report import Report
from controlroom.torture.torture_run import PATIENCE, TortureRun
from host.ending import cancelled_by
from host.errors import StackError
from scenarios.scenario import Scenario
from stack.supervisor.output import LINES


@dataclass(frozen=True, slots=True)
class TortureRequest:
    """What was asked for."""

    faults: int
    seconds: float
    seed: int
    state: Path | None
    keep: bool
    phases: tuple[str, ...]
    """Names of `controlroom.torture.phases.PHASES`, in order."""
    patience: float = PATIENCE
    """Seconds without any progress after which a drain is given up."""
    production: str = ""
    """What local stacks are called where they are production."""


async def run(
    scenario: Scenario, reference: str, request: TortureRequest, say: Callable[[str], None]
) -> Report:
    """Tortures; the scratch stack is gone afterwards. Raises StackError where none comes up."""
    queues = ", ".join(scenario.queues)
    say(f"seed {request.seed}: {request.faults} faults on {scenario.name} by {queues}")
    away = [name for name in request.phases if name not in phases_of(scenario)]
    if out := [*left_out(scenario), *(f"phase {name}" for name in away)]:
        say(f"left out, since they are not of {queues}: {', '.join(out)}")
    system = system_of(scenario, reference) if len(scenario.queues) > 1 else None
    request = replace(request, phases=tuple(n for n in request.phases if n not in away))
    # a terminal that is lost may say so twice, and the stack is still to be ended then; under nohup
    # it says nothing
    heard = signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    with cancelled_by(signal.SIGHUP, signal.SIG_IGN) if heard else contextlib.nullcontext():
        return await _tortured(scenario, reference, request, system, say)


async def _tortured(
    scenario: Scenario,
    reference: str,
    request: TortureRequest,
    system: System | None,
    say: Callable[[str], None],
) -> Report:
    async with _environment(reference, request, say) as environment:
        torture = TortureRun(environment, scenario, request.seed, say, request.patience, system)
        try:
            await torture.strike(request.faults, request.seconds)
            await torture.judge()
            await run_phases(torture, list(request.phases))
        finally:
            await torture.close()
            if not torture.report.passed and request.state is None and not request.keep:
                with contextlib.suppress(StackError):
                    say(f"what its services said stays in {await _keep_logs(environment)}")
    return torture.report


async def _keep_logs(environment: TortureEnvironment) -> Path:
    """A folder with the last lines of each process; the stack and its files go."""
    folder = Path(tempfile.mkdtemp(prefix="controlroom-torture-logs-"))
    shutil.copytree(environment.state / "logs", folder, dirs_exist_ok=True)
    for pod in (await environment.status())["pods"]:
        lines = await environment.client.logs(pod["name"], LINES)
        (folder / f"{pod['name']}.log").write_text("\n".join([*lines, ""]))
    return folder


@asynccontextmanager
async def _environment(
    reference: str, request: TortureRequest, say: Callable[[str], None]
) -> AsyncIterator[TortureEnvironment]:
    if request.state is not None:
        environment = TortureEnvironment(request.state, reference, request.production)
        try:
            await environment.up()
            yield environment
        finally:
            await environment.close()
        return
    async with _scratch(reference, request, say) as environment:
        yield environment


@asynccontextmanager
async def _scratch(
    reference: str, request: TortureRequest, say: Callable[[str], None]
) -> AsyncIterator[TortureEnvironment]:
    await remove_leftovers(say)
    state = scratch_folder()
    disk = mount(state, say) if "disk" in request.phases else None
    environment = TortureEnvironment(state, reference, request.production)
    try:
        await environment.up()
        say(f"stack in {state} is up")
        yield environment
    finally:
        await environment.close()
        if request.keep:
            keep(state)
            say(f"stack kept in {state}; end it with `controlroom --state-dir {state} down`")
            if disk is not None:
                say(f"its scratch disk stays mounted at {disk}")
        else:
            await remove(state)
