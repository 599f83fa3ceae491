"""Which experiments answer a scenario's questions, and with how many blocks of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Mode = Literal["quick", "full"]


class Step(NamedTuple):
    """One shipped experiment of the scenario."""

    experiment: str
    quick: int
    """Rounds; six are the fewest of which a comparison says anything."""
    full: int

    def rounds(self, mode: Mode) -> int:
        """Blocks of each arm."""
        return self.quick if mode == "quick" else self.full


STEPS: Mapping[str, Sequence[Step]] = {
    "bands": (Step("doors-equal", 6, 40), Step("doors-limit", 6, 40)),
    "worldcup": (Step("doors-equal", 6, 30), Step("doors-limit", 6, 30), Step("faults", 2, 20)),
    "covid": (
        Step("doors-equal", 6, 20), Step("faults", 2, 12), Step("splits", 1, 8),
        Step("doors-limit", 1, 12), Step("stores", 1, 10), Step("deaths", 1, 6),
    ),
}  # fmt: skip
"""The most telling first: one that is interrupted can answer what is before."""
