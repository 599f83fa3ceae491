"""Faults and loads that are active on a target, whoever started them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ActiveEffect:
    """A fault that is injected, or a load that Jobs send. Times are seconds since the epoch."""

    id: str
    kind: Literal["load", "fault"]
    run: str
    """The run that it was started by."""
    title: str
    phase: str
    """Of a fault one of the five words of Chaos Mesh's dashboard; of a load `running`."""
    ends: float | None
    """When the target ends it by itself; None where nobody does."""
    conducted: bool
    """Whether a run of this machine looks after it. What nobody looks after was left behind."""
    pausable: bool = False
    """Whether the target can lift it for a while now, or put it back."""
