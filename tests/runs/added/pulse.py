"""A kind of run from outside the product: it beats, a line of a file each, and counts its beats."""

from __future__ import annotations

import asyncio
import shlex
import time
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from controlroom.model.run import RunState, RunView
from controlroom.runs.errors import SpecError
from controlroom.runs.kind import RunKind
from controlroom.runs.run_writer import RunWriter

LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class PulseSpec:
    """What is asked of it."""

    run_kind: ClassVar[str] = "pulse"
    beats: int
    every: float = 0.05
    """Seconds between two beats."""

    @property
    def lasts(self) -> float:
        """Seconds."""
        return self.beats * self.every

    @property
    def title(self) -> str:
        """One line for the run strip."""
        return f"{self.beats} beats, one each {self.every:g} s"

    def command(self) -> str:
        """The command line that does the same."""
        return shlex.join(["controlroom", "pulse", str(self.beats), str(self.every)])


class Pulse(RunKind):
    """Beats until it has done so often enough, or is asked to stop."""

    name = "pulse"
    spec = PulseSpec
    ended_by = MappingProxyType({"number": "it has done all its beats"})

    def check(self, spec: PulseSpec) -> None:
        if not 0 < spec.lasts <= LONGEST:
            raise SpecError(f"{spec.title} last {spec.lasts:g} s.", "Ask for an hour at most.")

    def first(self, view: RunView, spec: PulseSpec) -> RunView:
        return replace(view, ends_at=view.started + spec.lasts, figures={"beats": 0})

    async def conduct(self, run: RunWriter, spec: PulseSpec) -> None:
        state: RunState = "finished"
        done, began = 0, time.time()
        run.update(state="running", started=began, ends_at=began + spec.lasts)
        while done < spec.beats and state == "finished":
            await asyncio.sleep(spec.every)
            with (run.folder.path / "beats").open("a") as file:
                file.write("beat\n")
            done += 1
            run.update(figures={"beats": done})
            if run.stop_asked:
                state = "stopped"
        bound = "number" if state == "finished" else "stopped"
        run.end(state, bound, {"beats": done}, figures={"beats": done})


KIND = Pulse()
