"""The experiment dialog: those of the scenario or an own file, and what it would do and hit now."""

from __future__ import annotations

from collections.abc import Mapping

from controlroom.commands.exits import CommandError
from controlroom.commands.experiment import StartExperiment
from controlroom.commands.question import Fact
from controlroom.runs.experiment_files import ExperimentFile
from controlroom.screens.previewing import PreviewDialog
from host.durations import rounded


class ExperimentDialog(PreviewDialog[StartExperiment, ExperimentFile]):
    """Answers the experiment that was chosen, with other rounds where they were typed."""

    heading = "experiment"
    rows = (("repeat", "seed"), ("file",))
    waiting = "takes"
    nothing = "This scenario has no experiments; give a file of your own."
    refusal = "This experiment cannot begin now; the reason stands above."
    fallback = "controlroom experiment list"

    def beside(self, file: ExperimentFile) -> str:
        if file.error:
            return file.error
        return f"{', '.join(file.arms)}, {rounded(file.lasts)}: {file.title}"

    def made(self, file: ExperimentFile, given: Mapping[str, str]) -> StartExperiment:
        what = given.get("file") or file.name
        repeat, seed = given.get("repeat", ""), given.get("seed", "")
        return StartExperiment(
            what, _number("repeat", repeat, 1, 1000), _number("seed", seed, 0, 1 << 62)
        )

    def line(self, file: ExperimentFile) -> str:
        return self.act(file).line()

    def own(self, file: ExperimentFile) -> Mapping[str, str]:
        return {"repeat": str(file.rounds), "seed": "a new one", "file": "of the list"}

    def what(self, file: ExperimentFile, act: StartExperiment | None) -> Fact:
        own = act is not None and act.what != file.name
        return "what", act.what if own and act is not None else file.title or file.name


def _number(field: str, text: str, least: int, most: int) -> int | None:
    """None for an empty field. Raises CommandError that names it."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise CommandError(f"--{field}: {text!r} is no whole number from {least} on.", "Change it.")
    return int(text)
