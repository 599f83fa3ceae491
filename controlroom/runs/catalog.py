"""The experiments of folders `chaos`: what can be chosen, and how dangerous it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from controlroom.runs.errors import SpecError
from controlroom.runs.manifest import SAFETY, read_chaos
from controlroom.runs.spec import ChaosSpec
from host.project import PROJECT
from scenarios.scenario import Scenario
from stack.faults.model import NAME_LABEL
from stack.faults.registry import kind_of

Level = Literal["reversible", "blast"]


@dataclass(frozen=True, slots=True)
class ChaosFile:
    """One experiment."""

    path: str
    name: str
    """`metadata.name` of the object."""
    kind: str
    action: str
    deployment: str
    """What it aims at; typed by hand to confirm a blast."""
    manifest: Mapping[str, Any]
    level: Level = "reversible"
    duration: float | None = None
    """Seconds until it ends; None where it is over at once."""
    error: str = ""
    """Why the file cannot be used; empty when it can."""
    title: str = ""
    """One line that says what it does."""

    @property
    def words(self) -> str:
        """Kind and action: `PodChaos pod-kill`."""
        return f"{self.kind} {self.action}".rstrip()

    def command(self) -> str:
        """The equal command line."""
        return shlex.join(["controlroom", "chaos", "run", self.reference])

    @property
    def reference(self) -> str:
        """What the command line calls it: the name of one of ours, the path of any other."""
        path = Path(self.path)
        return path.stem if path.parent == chaos_dir() else self.path


def chaos_dir() -> Path:
    """The experiments that come with the project."""
    return PROJECT / "chaos"


def chaos_dirs(scenario: Scenario | None) -> list[Path]:
    """Folders of experiments: of a scenario that is a folder, then of the project."""
    own = [scenario.folder / "chaos"] if scenario is not None and scenario.folder else []
    return [*own, chaos_dir()]


def chaos_files(*folders: Path) -> list[ChaosFile]:
    """All experiments of the folders, else of the project, each by name; those that cannot be used
    say why."""
    every = folders or (chaos_dir(),)
    return [_entry(path) for folder in every for path in sorted(folder.glob("*.yaml"))]


def find(name_or_path: str, folders: Sequence[Path] = ()) -> ChaosSpec:
    """The experiment of that name in the folders, else in the project's, or of that file.

    Raises SpecError.
    """
    if "/" not in name_or_path and not Path(name_or_path).exists():
        for folder in folders or (chaos_dir(),):
            known = folder / f"{name_or_path}.yaml"
            if known.is_file():
                return read_chaos(known)
    return read_chaos(Path(name_or_path).expanduser())


def level_of(spec: ChaosSpec) -> Level:
    """How it is asked for: a plain yes, or the name of what it hits."""
    notes = (spec.manifest.get("metadata") or {}).get("annotations") or {}
    return "blast" if notes.get(SAFETY) == "blast" else "reversible"


def aim_of(spec: ChaosSpec) -> str:
    """The deployment or engine that the selector names; of an object that holds others, the one
    that all of them name."""
    body = spec.manifest.get("spec") or {}
    parts = [held for _, held in kind_of(spec.kind).parts(body)] or [body]
    selectors = [one.get("selector") or {} for one in parts]
    names = {(one.get("labelSelectors") or {}).get(NAME_LABEL) for one in selectors}
    return str((names.pop() if len(names) == 1 else None) or spec.name)


def _entry(path: Path) -> ChaosFile:
    try:
        spec = read_chaos(path)
    except SpecError as error:
        return ChaosFile(str(path), path.stem, "", "", "", {}, error=error.message)
    return entry_of(spec)


def entry_of(spec: ChaosSpec) -> ChaosFile:
    """What can be chosen, of an experiment that was read from a file."""
    return ChaosFile(
        path=spec.source,
        name=spec.name,
        kind=spec.kind,
        action=spec.action,
        deployment=aim_of(spec),
        manifest=spec.manifest,
        level=level_of(spec),
        duration=spec.duration,
        title=spec.title,
    )
