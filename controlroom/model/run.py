"""Runs: things with a beginning and an end that act on the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from controlroom.model.effects import ActiveEffect
from controlroom.model.split import SplitFigures
from controlroom.model.story import RunStory
from stack.faults.model import Phase

Sign = Literal["load", "load-end", "fault", "recovered"]
RunState = Literal["starting", "running", "stopping", "finished", "failed", "stopped", "lost"]
ACTIVE: frozenset[RunState] = frozenset({"starting", "running", "stopping"})


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """What a load run has measured so far. Latencies in ms, None before the first answer."""

    sent: int
    answered: int
    failed: int
    total: int | None
    """How many it will send, where that is known."""
    users: int
    rps: float
    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None = None
    """p99.9, of an open load."""
    dropped: int = 0
    """Arrivals of an open load that were never sent."""
    late: float | None = None
    """Of an open load: p99 of how long after its moment in the schedule a request was sent."""


@dataclass(frozen=True, slots=True)
class ChaosFigures:
    """Where a chaos run stands. Phases are the five words of Chaos Mesh's dashboard."""

    kind: str
    action: str
    targets: tuple[str, ...]
    phase: Phase
    recovered: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as the strip shows it. Times are seconds since the epoch."""

    id: str
    kind: str
    """`load`, `chaos`, or one that was added (`controlroom/runs/kind.py`)."""
    title: str
    state: RunState
    started: float
    ends_at: float | None
    """When it ends at the latest."""
    ended: float | None
    bound: str
    """What ended it: `number`, `timeout`, `file`, `stopped`, `fault over`, or an error."""
    load: LoadFigures | None = None
    chaos: ChaosFigures | None = None
    figures: Mapping[str, Any] | None = None
    """Of a kind that was added: what is counted -> how much."""
    split: SplitFigures | None = None
    """Of a split of traffic, beside `chaos`."""
    owner: str = ""
    """The run that began it; empty where a person did."""

    @property
    def active(self) -> bool:
        """Whether it still acts on the target."""
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs worth showing: active ones first, then the newest ended ones."""

    runs: tuple[RunView, ...]
    left: tuple[ActiveEffect, ...] = ()
    """What the target holds and no run of this machine conducts."""
    earlier: tuple[RunView, ...] = ()
    """Ended runs that are older than these, newest first."""
    more: int = 0
    """Runs that are there and in none of both, about."""
    stories: Mapping[str, RunStory] = field(default_factory=dict)
    """Id -> the story of a run that somebody looks at."""

    @property
    def active(self) -> tuple[RunView, ...]:
        """Those that still act on the target."""
        return tuple(run for run in self.runs if run.active)

    def find(self, run: str) -> RunView | None:
        """The run of that id."""
        return next((one for one in chain(self.runs, self.earlier) if one.id == run), None)


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A moment on the time axis."""

    at: float
    sign: Sign
    text: str
    run: str = ""
    """Id of its run."""
