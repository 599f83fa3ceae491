"""A torture on a stack of its own, or on one that runs."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from controlroom.torture.conduct import Torture
from controlroom.torture.report import Report
from controlroom.torture.stage import Stage
from scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for."""

    faults: int
    seconds: float
    seed: int
    state: Path | None
    keep: bool
    phases: str


async def run(
    scenario: Scenario, reference: str, wishes: Wishes, say: Callable[[str], None]
) -> Report:
    """Tortures; the scratch stack is gone afterwards. Raises StackError where none comes up."""
    say(f"seed {wishes.seed}: {wishes.faults} faults")
    async with _stage(reference, wishes, say) as stage:
        torture = Torture(stage, scenario, wishes.seed, say)
        try:
            await torture.strike(wishes.faults, wishes.seconds)
            await torture.judge()
        finally:
            await torture.close()
    return torture.report


@asynccontextmanager
async def _stage(
    reference: str, wishes: Wishes, say: Callable[[str], None]
) -> AsyncIterator[Stage]:
    own = wishes.state is None
    state = wishes.state or Path(tempfile.mkdtemp(prefix="controlroom-torture-"))
    stage = Stage(state, reference, say)
    try:
        await stage.up()
        say(f"stack in {state} is up")
        yield stage
    finally:
        if own and wishes.keep:
            say(f"stack kept in {state}; end it with `controlroom --state-dir {state} down`")
        elif own:
            await stage.client.down()
            await asyncio.to_thread(shutil.rmtree, state, True)
        await stage.close()
