"""Whole A/A experiments on real engines: two arms that do not differ, from load to verdict."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from bench.running_stack import on_own_stack, print_machine
from bench.wilson import rate
from controlroom.commands.experiment import ready
from controlroom.commands.here import Here
from controlroom.runs.experiment_files import asked, read_experiment
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.settings import Settings
from tests.own_stack import OwnStack

PLAN = """\
title: Twice the same
scenario: bands
load: {rate: 40, path: http}
phases: {warm_up: 0s, baseline: 2s}
rounds: 6
arms:
  - {name: one}
  - {name: other}
compare: [p50, p95]
"""
LOOK = 0.5
LONGEST = 600.0
"""Seconds that one experiment may take beside much other work."""


class Tally:
    """What the experiments said so far."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.begun = time.monotonic()
        self.kinds: Counter[str] = Counter()
        self.false = 0
        self.failed = 0
        self.widths: list[float] = []

    @property
    def done(self) -> int:
        """Experiments that came to a verdict."""
        return sum(self.kinds.values()) // 2

    def add(self, folder: RunFolder, result: dict[str, Any], state: str, bound: str) -> None:
        """Counts one and prints it."""
        if state != "finished":
            self.failed += 1
            print(f"{folder.id} {state}: {bound}", flush=True)
            return
        found = result["comparisons"]
        self.kinds.update(one["kind"] for one in found)
        self.widths += [one["high"] - one["low"] for one in found if one.get("high")]
        self.false += any(one["kind"] == "faster" for one in found)
        said = "; ".join(one["sentence"].partition(", ")[2] for one in found)
        passed = (time.monotonic() - self.begun) / 60
        print(
            f"{self.done:4d} of {self.wanted}, {passed:.1f} min, {self.false} false: {said}",
            flush=True,
        )

    def table(self) -> None:
        """What is there, also where it was cut."""
        if not self.done:
            print("no experiment came to its end")
            return
        columns = "experiments | with a false verdict (at most 5) | no difference | cannot tell"
        print(f"\n### A/A of whole experiments on real engines\n\n| {columns} | failed | width |")
        print("|---:|---:|---:|---:|---:|---:|")
        kinds = [rate(self.kinds[kind], 2 * self.done) for kind in ("no difference", "cannot tell")]
        width = f"{100 * median(self.widths):.0f}" if self.widths else "-"
        row = [str(self.done), rate(self.false, self.done), *kinds, str(self.failed), width]
        print(f"| {' | '.join(row)} |", flush=True)


def alike_on_engines(number: int, at_a_time: int, seed: int) -> int:
    """Runs so many on a stack of its own, some at a time, and prints each; the exit code.

    Those that run at a time disturb each other's arms alike, as anything else on the machine does.
    ctrl+c ends it; what came to its end by then is in the table.
    """
    print_machine()
    tally = Tally(number)

    def measure(stack: OwnStack) -> None:
        asyncio.run(_all(stack, tally, at_a_time, seed))

    try:
        return on_own_stack(measure)
    finally:
        tally.table()


async def _all(stack: OwnStack, tally: Tally, at_a_time: int, seed: int) -> None:
    file = stack.state / "alike.yaml"
    file.write_text(PLAN)
    left = list(range(tally.wanted))[::-1]
    async with Here(Settings(state_dir=stack.state)) as here:

        async def some() -> None:
            while left:
                await _one(here, file, seed + left.pop(), tally)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_a_time):
                group.create_task(some())


async def _one(here: Here, file: Path, seed: int, tally: Tally) -> None:
    spec = await ready(asked(*read_experiment(file), file, 60.0, seed=seed), here)
    folder = start(here.store, spec)
    limit = time.monotonic() + LONGEST
    while (view := folder.read_view()) is not None and view.active:
        if time.monotonic() > limit:
            folder.ask_stop(cut=True)
        await asyncio.sleep(LOOK)
    state, bound = (view.state, view.bound) if view is not None else ("lost", "its folder is gone")
    tally.add(folder, folder.read_result() or {}, state, bound)
