"""What is asked of a split of traffic."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from controlroom.runs.spec import ChaosSpec, where_flags
from host.durations import format_duration

if TYPE_CHECKING:
    from stack.faults.splitting import Split


@dataclass(frozen=True, slots=True)
class SplitSpec(ChaosSpec):
    """A split: one TrafficSplit."""

    run_kind: ClassVar[str] = "split"
    weights: Mapping[str, float] = field(default_factory=dict)
    """Weights that were asked for instead of the manifest's own, by branch."""

    @property
    def split(self) -> Split:
        """What it asks for."""
        # a room that shows no split can do without
        from stack.faults.splitting import split_of

        return split_of(self.manifest["spec"])

    @property
    def shares(self) -> tuple[str, ...]:
        """A text for each branch: `http 50 %`."""
        from stack.faults.splitting import told_shares

        return told_shares(self.split)

    @property
    def title(self) -> str:
        """Its name; the shares stand beside it."""
        return self.name

    def command(self) -> str:
        """The command line that does the same."""
        words = ["controlroom", "split", "start", self.source or self.name, "--yes"]
        words += self.flags() + where_flags(self.context, self.namespace)
        return shlex.join(words)

    def flags(self) -> list[str]:
        """What was asked for instead of what the manifest has."""
        return split_flags(self.run_for, self.weights)


def split_flags(run_for: float | None, weights: Mapping[str, float]) -> list[str]:
    """What is asked for instead of what an object has, as the command line takes it."""
    words = [] if run_for is None else ["--duration", format_duration(run_for)]
    for name, weight in weights.items():
        words += ["--weight", f"{name}={weight:g}"]
    return words
