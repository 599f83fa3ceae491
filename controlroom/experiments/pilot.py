"""How many rounds a wanted width takes, once a pilot has shown how noisy the blocks are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from controlroom.experiments.format import Experiment
from controlroom.experiments.results import Told, values_of
from controlroom.verdicts import blocks_needed, width_after
from controlroom.verdicts.planning import LEAST_ROUNDS, MOST_ROUNDS

PILOT_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Pilot:
    """What is done after the pilot's rounds."""

    wanted: float
    """Width of all intervals, from end to end: 0.05 for 5 %."""
    rounds: int
    """Rounds in all, those of the pilot included."""
    needed: int | None
    """Rounds that the width takes; None where the pilot cannot tell."""
    width: float | None
    """That `rounds` give, 4 times in 5; None where that is not known or has no bound."""
    why: str = ""
    """Why it cannot be told."""

    def sentence(self) -> str:
        """For people."""
        aim = f"intervals {100 * self.wanted:g} % wide"
        if self.needed is None:
            return (
                f"the pilot cannot tell how many rounds {aim} take ({self.why}): "
                f"{self.rounds} rounds, as the time allows"
            )
        if self.needed <= self.rounds:
            return f"after {PILOT_ROUNDS} rounds: {aim} take {self.rounds} rounds"
        gives = "" if self.width is None else f", which give about {100 * self.width:.2g} %"
        return (
            f"after {PILOT_ROUNDS} rounds: {aim} take {self.needed:,} rounds; "
            f"the time allows {self.rounds}{gives}"
        )

    def told(self) -> dict[str, Any]:
        """For a file."""
        return {**asdict(self), "pilot_rounds": PILOT_ROUNDS, "sentence": self.sentence()}


def decided(experiment: Experiment, blocks: Sequence[Told], wanted: float, most: int) -> Pilot:
    """From the blocks of the pilot; `most`: rounds that there is time for, those included.

    The figure and the pair of arms that need most decide.
    """
    arms = len(experiment.arms)
    questions = len(list(combinations(experiment.arms, 2))) * len(experiment.compare)
    needed, widths, why = 0, [], ""
    for measure in experiment.compare:
        pilot = values_of(experiment, blocks, measure)
        try:
            every = blocks_needed(pilot, wanted, questions=questions, most=MOST_ROUNDS * arms)
            needed = max(needed, every // arms)
            widths.append(width_after(pilot, max(most, LEAST_ROUNDS) * arms, questions=questions))
        except ValueError as error:
            why = f"{measure}: {error}"
    if why or not needed:
        return Pilot(wanted, most, None, None, why or "nothing is compared")
    width = max(widths)
    known = round(width, 4) if width < 100 else None
    return Pilot(wanted, min(needed, most), needed, known if needed > most else wanted)
