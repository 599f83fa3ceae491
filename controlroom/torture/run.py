"""A torture on a stack of its own, or on one that runs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from controlroom.torture.conduct import PATIENCE, Torture
from controlroom.torture.disk import mount, unmount
from controlroom.torture.phases import run_phases
from controlroom.torture.report import Report
from controlroom.torture.stage import Stage
from host.errors import StackError
from scenarios.scenario import Scenario
from stack.supervisor.output import LINES


@dataclass(frozen=True, slots=True)
class Wishes:
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


async def run(
    scenario: Scenario, reference: str, wishes: Wishes, say: Callable[[str], None]
) -> Report:
    """Tortures; the scratch stack is gone afterwards. Raises StackError where none comes up."""
    say(f"seed {wishes.seed}: {wishes.faults} faults")
    async with _stage(reference, wishes, say) as stage:
        torture = Torture(stage, scenario, wishes.seed, say, wishes.patience)
        try:
            await torture.strike(wishes.faults, wishes.seconds)
            await torture.judge()
            await run_phases(torture, list(wishes.phases))
        finally:
            await torture.close()
            if not torture.report.passed and wishes.state is None and not wishes.keep:
                with contextlib.suppress(StackError):
                    say(f"what its services said stays in {await _keep_logs(stage)}")
    return torture.report


async def _keep_logs(stage: Stage) -> Path:
    """A folder with the last lines of each process; the stack and its files go."""
    folder = Path(tempfile.mkdtemp(prefix="controlroom-torture-logs-"))
    shutil.copytree(stage.state / "logs", folder, dirs_exist_ok=True)
    for pod in (await stage.status())["pods"]:
        lines = await stage.client.logs(pod["name"], LINES)
        (folder / f"{pod['name']}.log").write_text("\n".join([*lines, ""]))
    return folder


@asynccontextmanager
async def _stage(
    reference: str, wishes: Wishes, say: Callable[[str], None]
) -> AsyncIterator[Stage]:
    if wishes.state is not None:
        stage = Stage(wishes.state, reference)
        try:
            await stage.up()
            yield stage
        finally:
            await stage.close()
        return
    async with _scratch(reference, wishes, say) as stage:
        yield stage


@asynccontextmanager
async def _scratch(
    reference: str, wishes: Wishes, say: Callable[[str], None]
) -> AsyncIterator[Stage]:
    state = Path(tempfile.mkdtemp(prefix="controlroom-torture-"))
    disk = mount(state, say) if "disk" in wishes.phases else None
    stage = Stage(state, reference)
    try:
        await stage.up()
        say(f"stack in {state} is up")
        yield stage
    finally:
        if wishes.keep:
            say(f"stack kept in {state}; end it with `controlroom --state-dir {state} down`")
            if disk is not None:
                say(f"its scratch disk stays mounted at {disk}")
        else:
            await _remove(stage, disk)
        await stage.close()


async def _remove(stage: Stage, disk: Path | None) -> None:
    """Ends the stack, whatever state it is in, and removes all of it."""
    with contextlib.suppress(StackError):
        await stage.client.down()
    if disk is not None:
        unmount(disk)
    await asyncio.to_thread(shutil.rmtree, stage.state, True)
