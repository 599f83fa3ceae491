"""What is asked of an experiment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from controlroom.runs.spec import where_flags

if TYPE_CHECKING:
    from controlroom.experiments.format import Experiment

BLOCKS, PLAN, SAMPLES = "blocks.jsonl", "plan.json", "samples.jsonl"
"""Files of an experiment's folder."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault or a split as its file had it when the experiment was asked for, with its end."""

    manifest: Mapping[str, Any]
    name: str
    source: str
    run_for: float | None = None


@dataclass(frozen=True, slots=True)
class ExperimentSpec:
    """Arms in blocks of random order, each with its load and its faults."""

    run_kind: ClassVar[str] = "experiment"
    plan: Mapping[str, Any]
    """As the file has it."""
    name: str
    source: str = ""
    """File that it was read from."""
    rounds: int = 1
    asked: int | None = None
    """Rounds that were asked for instead of the file's."""
    seed: int = 0
    """Of the order of blocks, of the bootstrap, and of the events where the file names none."""
    order: tuple[str, ...] = ()
    """Names of the arms, block by block."""
    lasts: float = 0.0
    """Seconds that it takes, about."""
    faults: Mapping[str, Injected] = field(default_factory=dict)
    """By what the file calls them."""
    splits: Mapping[str, Injected] = field(default_factory=dict)
    url: str = ""
    """The ingress."""
    scenario: str = ""
    """File of the scenario that is sent."""
    context: str = ""
    """The cluster; empty for the local stack."""
    namespace: str = ""
    width: str = ""
    within: str = ""
    """Asked for instead of the file's; `plan` has them."""

    @property
    def experiment(self) -> Experiment:
        """The plan, read."""
        # a room that shows the run can do without
        from controlroom.experiments.format import read

        return read(self.plan)

    @property
    def wants_width(self) -> bool:
        """Whether a pilot says how many rounds there are; `order` has as many as time allows."""
        return self.asked is None and bool(self.plan.get("width"))

    @property
    def title(self) -> str:
        """One line for the run strip."""
        return f"{self.name}: {self.plan.get('title') or self.name}"

    def command(self) -> str:
        """The command line that does the same."""
        words = ["controlroom", "experiment", "run", self.source or self.name, "--yes"]
        words += ["--seed", str(self.seed)]
        words += (
            repeat_flags(self.asked)
            + width_flags(self.width, self.within)
            + where_flags(self.context, self.namespace)
        )
        return shlex.join(words)


def repeat_flags(rounds: int | None) -> list[str]:
    """Rounds that were asked for, as the command line takes them."""
    return [] if rounds is None else ["--repeat", str(rounds)]


def width_flags(width: str, within: str) -> list[str]:
    """A width that was asked for, as the command line takes it."""
    words = ["--width", width] if width else []
    return words + (["--within", within] if within else [])
