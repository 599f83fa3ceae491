"""What a running lab says of itself: one JSON file, written by its daemon, read by everybody."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from host.paths import write_private
from lab.caller import give
from lab.commands import started

Phase = Literal["starting", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """One cluster."""

    letter: str
    init: int = 0
    """Its first process, as this machine numbers it; 0 before it is there."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds from the start of the lab to each step: `node`, `images`, `addons`."""


@dataclass(frozen=True, slots=True)
class LabRecord:
    """One lab. The start time identifies the daemon, since a later process may get its id."""

    pid: int
    started: float
    number: int
    network: str
    programs: str
    clusters: tuple[ClusterRecord, ...]
    phase: Phase = "starting"
    lines: tuple[str, ...] = ()
    """What was done so far, each with the seconds since the start."""
    error: str = ""
    fix: str = ""

    @property
    def alive(self) -> bool:
        """Whether its daemon runs."""
        return started(self.pid) == self.started

    def cluster(self, letter: str) -> ClusterRecord:
        """One of its clusters. Raises KeyError."""
        for one in self.clusters:
            if one.letter == letter:
                return one
        raise KeyError(letter)

    def with_cluster(self, changed: ClusterRecord) -> LabRecord:
        """The same lab with another state of one cluster."""
        return replace(
            self,
            clusters=tuple(changed if c.letter == changed.letter else c for c in self.clusters),
        )


def path_in(folder: Path) -> Path:
    """Where the record is."""
    return folder / "lab.json"


def keep(folder: Path, record: LabRecord) -> None:
    """Writes the record in one step. Raises StackError."""
    give(write_private(path_in(folder), json.dumps(asdict(record))))


def read(folder: Path) -> LabRecord | None:
    """The record; None where there is none, or none that can be understood."""
    try:
        data: dict[str, Any] = json.loads(path_in(folder).read_text())
        clusters = tuple(ClusterRecord(**one) for one in data.pop("clusters"))
        return LabRecord(**{**data, "clusters": clusters, "lines": tuple(data["lines"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
