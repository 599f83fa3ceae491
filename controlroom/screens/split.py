"""The split dialog: the splits of the scenario, and what would go where now."""

from __future__ import annotations

from collections.abc import Mapping

from controlroom.commands.question import Fact
from controlroom.commands.split import StartSplit
from controlroom.runs.splits import SplitFile
from controlroom.screens.previewing import PreviewDialog
from host.durations import format_duration


class SplitDialog(PreviewDialog[StartSplit, SplitFile]):
    """Answers the split that was chosen, with other weights where they were typed."""

    heading = "traffic split"
    rows = (("duration", "weight"),)
    nothing = "This scenario has no splits; `:split start FILE` takes any file."
    refusal = "This split cannot begin now; the reason stands above."
    fallback = "controlroom split list"

    def beside(self, file: SplitFile) -> str:
        return ", ".join(file.shares)

    def made(self, file: SplitFile, given: Mapping[str, str]) -> StartSplit:
        weights = given.get("weight", "").replace(",", " ").split()
        return StartSplit.of(file.name, given.get("duration") or None, weights)

    def line(self, file: SplitFile) -> str:
        return self.act(file).line()

    def own(self, file: SplitFile) -> Mapping[str, str]:
        lasts = "" if file.duration is None else format_duration(file.duration)
        return {"duration": lasts, "weight": "BRANCH=N BRANCH=N"}

    def what(self, file: SplitFile, act: StartSplit | None) -> Fact:
        return "what", file.title or file.name
