"""Conducts an experiment: block after block, then the verdict; whatever it began, it ends."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

from controlroom.experiments.format import Experiment
from controlroom.experiments.pilot import PILOT_ROUNDS, decided
from controlroom.experiments.planning import ordered
from controlroom.experiments.results import summary
from controlroom.runs.about import about
from controlroom.runs.errors import RunError
from controlroom.runs.experiment_block import Aborted, BlockRun, Breached, Stopped
from controlroom.runs.experiment_files import MOST_ROUNDS
from controlroom.runs.experiment_spec import BLOCKS, PLAN, ExperimentSpec
from controlroom.runs.fault import MAY_BE_LEFT
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import put_back, still_set
from controlroom.runs.observing import Observer
from controlroom.runs.registry import kind_of
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.stop import stop_fault
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import Target, TargetError
from host.durations import parse_duration
from host.paths import write_private

UNLIMITED = sys.maxsize
GUARD = "guard"
"""What the result has where a guard ended the run: its words."""


class ExperimentRun:
    """One experiment. Its folder is whole after each line, so it can be read after any death."""

    def __init__(self, run: RunWriter, spec: ExperimentSpec, target: Target) -> None:
        self._run = run
        self._spec = spec
        self._experiment: Experiment = spec.experiment
        self._target = target
        # what is over is removed when somebody starts a run, not while this one goes on
        self._store = RunStore(run.folder.path.parent, UNLIMITED, UNLIMITED)
        self._blocks: list[dict[str, Any]] = []
        self._pilot: dict[str, Any] | None = None

    async def run(self) -> None:
        """From the first block to the verdict."""
        self._write_plan()
        now = time.time()
        self._run.update(state="running", started=now, ends_at=now + self._spec.lasts)
        state, bound = "finished", "all blocks"
        ends: dict[str, str] = {}
        try:
            async with Observer(self._target) as observer:
                if not await observer.first_look():
                    raise Aborted("the stores cannot be read")
                place = 0
                while place < len(self._spec.order):
                    await self._block(place, self._spec.order[place], observer)
                    place += 1
                    self._after_pilot(place, now)
        except Stopped:
            state, bound = "stopped", "stopped"
        except Aborted as error:
            state, bound = "failed", str(error)
            ends = {GUARD: bound} if isinstance(error, Breached) else {}
        except (RunError, TargetError) as error:
            state, bound = "failed", f"{error} {error.fix}".strip()
        except Exception as error:
            # whatever it is: what was begun is ended first
            state, bound = "failed", f"{type(error).__name__}: {error}; see {self._run.folder.log}"
            import traceback

            traceback.print_exc()
        self._run.update(state="stopping")
        left = await self._roll_back()
        if left:
            state, bound = "failed", f"{MAY_BE_LEFT}: {left}"
        result = {**self._result(), **ends}
        figures = {**(self._run.view.figures or {}), **verdict(result)}
        self._run.end(state, bound, {**result, "clean": not left}, figures=figures)  # type: ignore[arg-type]

    async def _block(self, place: int, arm: str, observer: Observer) -> None:
        self._run.note("block", place=place, arm=arm)
        block = BlockRun(self._run, self._spec, self._store, self._target, observer, place, arm)
        try:
            told = await block.run()
        except (Stopped, Aborted):
            self._append(BLOCKS, {**block.told(), "whole": False})
            raise
        self._append(BLOCKS, {**told, "whole": True})
        self._blocks.append(told)
        # a runner that is killed leaves the verdict of what was measured until then
        self._run.folder.write_result({"run": self._run.folder.id, **self._result()})

    def _after_pilot(self, blocks: int, began: float) -> None:
        """Decides on the number of rounds, where a width is wanted, once the pilot is over."""
        wanted, arms = self._experiment.wanted_width, len(self._experiment.arms)
        if wanted is None or not self._spec.wants_width or blocks != PILOT_ROUNDS * arms:
            return
        passed = time.time() - began
        left = parse_duration(self._experiment.within) - passed
        most = PILOT_ROUNDS + max(0, int(left / (passed / PILOT_ROUNDS)))
        pilot = decided(self._experiment, self._blocks, wanted, min(most, MOST_ROUNDS))
        self._pilot = pilot.told()
        self._run.note("pilot", **self._pilot)
        rest = ordered(self._experiment, pilot.rounds - PILOT_ROUNDS, self._spec.seed + 1)
        order = (*self._spec.order[:blocks], *rest)
        self._spec = replace(self._spec, order=order)
        self._run.update(ends_at=began + passed / PILOT_ROUNDS * pilot.rounds)

    async def _roll_back(self) -> str:
        """Ends all that this run began and verifies that; what may be left, in words."""
        left: list[str] = []
        for folder in children(self._store, self._run.folder.id):
            view = folder.read_view()
            if still_set(folder):
                left.append(await put_back(folder, self._target))
            if view is None or not kind_of(view.kind).injects:
                continue
            try:
                done = await stop_fault(self._store, self._target, folder.id)
            except (RunError, TargetError) as error:
                left.append(f"{error} {error.fix}".strip())
            else:
                left += done.left
        return " ".join(one for one in left if one)

    def _result(self) -> dict[str, Any]:
        return {
            **summary(self._experiment, self._blocks, self._spec.seed),
            "experiment": self._spec.name,
            "seed": self._spec.seed,
            "blocks": len(self._blocks),
            "planned": len(self._spec.order),
            **({"pilot": self._pilot} if self._pilot else {}),
        }

    def _write_plan(self) -> None:
        """What it ran on, for whoever compares it with another."""
        plan = {
            "experiment": self._spec.name,
            "plan": self._spec.plan,
            "order": self._spec.order,
            "seed": self._spec.seed,
            **about(),
            "user": os.getuid(),
        }
        text = json.dumps(plan, ensure_ascii=False) + "\n"
        write_private(self._run.folder.path / PLAN, text, lasting=False)

    def _append(self, name: str, value: dict[str, Any]) -> None:
        with (self._run.folder.path / name).open("a") as file:
            file.write(json.dumps(value, ensure_ascii=False) + "\n")


def verdict(result: dict[str, Any]) -> dict[str, str]:
    """The first difference that was found, else the first verdict: for a line in a list."""
    found = result.get("comparisons") or ()
    one = next((one for one in found if one["kind"] == "faster"), found[0] if found else None)
    return {} if one is None else {"verdict": one["sentence"], "verdict_kind": one["kind"]}


def children(store: RunStore, owner: str) -> list[RunFolder]:
    """The runs that another run began, newest first."""
    return [one for one in store.folders() if one.owner == owner]
