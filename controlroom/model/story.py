"""A run over its time: what its folder tells second by second, phase by phase, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

VerdictKind = Literal["faster", "no difference", "cannot tell"]
Figures = Mapping[str, float | None]


class Second(NamedTuple):
    """One second of a run; None is "no data". Shares are 0 to 1, latencies ms."""

    at: float
    """Its end, seconds since the epoch."""
    rps: float | None = None
    """Good answers."""
    success: float | None = None
    p95: float | None = None
    lag: float | None = None
    golden_rps: float | None = None
    golden_success: float | None = None
    golden_p95: float | None = None
    lost: int | None = None
    doubled: int | None = None
    """Events that the books miss, or have twice, since the block began."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase, or a fault, on the time axis."""

    name: str
    since: float
    until: float | None
    """None while it goes on."""
    block: int = 0
    """From 0."""
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block that is over."""

    place: int
    arm: str
    whole: bool
    """False where the experiment ended in it."""
    phases: Mapping[str, Mapping[str, Any]]
    """Phase -> what was measured in it."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Clocks, books, and whatever else its line has."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an experiment does."""

    title: str
    arms: tuple[str, ...]
    order: tuple[str, ...]
    """Name of the arm, block by block."""
    phases: Mapping[str, float]
    """Phase -> seconds, of those that are not left out."""
    compared_over: str
    """The phase by which arms are compared."""
    compare: tuple[str, ...]
    """By which figures."""
    load: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of two arms."""

    kind: VerdictKind
    sentence: str


@dataclass(frozen=True, slots=True)
class RunStory:
    """All that is shown of one run beside its view."""

    id: str
    command: str = ""
    """The command line that does the same."""
    seconds: tuple[Second, ...] = ()
    """Oldest first; empty for a run that measures nothing itself."""
    phases: tuple[Stretch, ...] = ()
    faults: tuple[Stretch, ...] = ()
    blocks: tuple[Block, ...] = ()
    plan: Plan | None = None
    """Of an experiment."""
    verdicts: tuple[Verdict, ...] = ()
    lines: tuple[str, ...] = ()
    """The result for people; of a run that is not over, what is known."""
    events: tuple[tuple[float, str], ...] = ()
    """The newest lines of its journal in words, oldest first."""

    @property
    def phase(self) -> Stretch | None:
        """The phase that it is in, or was in last."""
        return self.phases[-1] if self.phases else None


def values(story: RunStory, arm: str, phase: str, measure: str) -> list[float]:
    """What the whole blocks of an arm have of a figure, in their order."""
    found = (
        one.phases.get(phase, {}).get(measure)
        for one in story.blocks
        if one.whole and one.arm == arm
    )
    return [value for value in found if value is not None]
