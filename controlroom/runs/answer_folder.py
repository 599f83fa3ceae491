"""The folder of an answer: which experiments have run, what they left behind, the reports."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.answers.evidence import FILES, Evidence, read_evidence
from controlroom.answers.steps import Mode
from controlroom.runs.errors import SpecError
from host.paths import write_private

ASKED, RUNS, READS = "answer.json", "runs", "reads.json"


@dataclass(frozen=True, slots=True)
class AnswerFolder:
    """One answer on disk. It keeps copies, so it can be told again when the runs are gone."""

    path: Path

    def begin(self, scenario: str, mode: Mode) -> None:
        """Makes it, or goes on with what is there.

        Raises SpecError for a folder of another answer, or of something else.
        """
        if (self.path / ASKED).exists():
            asked = self.asked
            if (asked.get("scenario"), asked.get("mode")) != (scenario, mode):
                raise SpecError(
                    f"{self.path} holds an answer of {asked.get('scenario')}, {asked.get('mode')}.",
                    "Give another folder.",
                )
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise SpecError(f"{self.path} is there, and no answer.", "Give a new folder.")
        self.path.mkdir(parents=True, exist_ok=True)
        self._write({"scenario": scenario, "mode": mode, "began": time.time(), "runs": {}})

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked; empty where nothing can be read."""
        return _read(self.path / ASKED)

    @property
    def runs(self) -> dict[str, str]:
        """Experiment -> its last run that is over."""
        found: dict[str, str] = self.asked.get("runs", {})
        return found

    @property
    def done(self) -> dict[str, str]:
        """Those that need not be repeated."""
        failed = self.asked.get("failed", [])
        return {name: run for name, run in self.runs.items() if run not in failed}

    def keep(self, experiment: str, run: Path, whole: bool = True) -> None:
        """Copies what a run left behind; one that is not `whole` is repeated the next time."""
        kept = self.path / RUNS / run.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (run / name).is_file():
                shutil.copyfile(run / name, kept / name)
        asked = self.asked
        failed = [*asked.get("failed", []), *([] if whole else [run.name])]
        runs = {**asked.get("runs", {}), experiment: run.name}
        self._write({**asked, "runs": runs, "failed": failed})

    def keep_reads(self, reads: Mapping[str, Sequence[float]]) -> None:
        """Keeps the times of reads of the stores."""
        write_private(self.path / READS, json.dumps(reads) + "\n")

    @property
    def reads(self) -> dict[str, list[float]]:
        """Store -> times, ms; empty where nobody measured."""
        found: dict[str, list[float]] = _read(self.path / READS)
        return found

    def evidence(self) -> dict[str, Evidence]:
        """Experiment -> what its run left behind."""
        return named([self.path / RUNS / run for run in self.runs.values()])

    def _write(self, asked: Mapping[str, Any]) -> None:
        write_private(self.path / ASKED, json.dumps(asked) + "\n")


def named(folders: Sequence[Path]) -> dict[str, Evidence]:
    """The evidence of run folders by experiment, the last one of each; others are left out."""
    found = [one for folder in folders if (one := read_evidence(folder)) is not None]
    return {one.name: one for one in found}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
