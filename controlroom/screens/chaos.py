"""The chaos dialog: the experiments of `chaos/`, and what each would hit now."""

from __future__ import annotations

from collections.abc import Mapping

from controlroom.commands.chaos import StartFault, what
from controlroom.commands.exits import CommandError
from controlroom.commands.question import Fact
from controlroom.model.frame import RUNS, Frame
from controlroom.panes.text import time_of_day
from controlroom.runs.catalog import ChaosFile
from controlroom.screens.previewing import PreviewDialog
from stack.faults.model import MODES


def running_facts(frame: Frame) -> list[Fact]:
    """What already acts on the target."""
    runs = frame[RUNS].value
    active = runs.active if runs else ()
    facts = []
    for run in active:
        until = "" if run.ends_at is None else f" until {time_of_day(run.ends_at)}"
        facts.append(("runs now", f"{run.kind} {run.id}{until}"))
    return facts


class ChaosDialog(PreviewDialog[StartFault, ChaosFile]):
    """Answers the fault that was chosen."""

    heading = "chaos"
    rows = (("duration", "mode"), ("value", "target"))
    choices = {"mode": tuple(MODES)}  # noqa: RUF012 (it is never changed)
    waiting = "hits now"
    nothing = "There is no experiment in chaos/."
    refusal = "This fault cannot be injected now; the reason stands above."
    fallback = "controlroom chaos list"

    def beside(self, file: ChaosFile) -> str:
        return f"{file.kind} {file.action}"

    def made(self, file: ChaosFile, given: Mapping[str, str]) -> StartFault:
        texts = [given.get(name, "") for name in ("mode", "value", "target")]
        act = StartFault.of(file.reference, given.get("duration") or None, *texts)
        act.entry = file
        return act

    def line(self, file: ChaosFile) -> str:
        try:
            return self.act(file).line(file)
        except CommandError:
            return file.command()

    def own(self, file: ChaosFile) -> Mapping[str, str]:
        spec = file.manifest.get("spec") or {}
        found = {name: str(spec.get(name) or "") for row in self.rows for name in row}
        found["target"] = file.deployment
        if file.duration is None:
            found["duration"] = "over at once"
        return found

    def what(self, file: ChaosFile, act: StartFault | None) -> Fact:
        return what(file if act is None else act.entry or file)
