"""From a fault to what it would hit now: the preview, and the draw at injection."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from host.durations import format_duration
from stack.faults.model import (
    Fault,
    FaultLinks,
    FaultPlan,
    FaultRequests,
    FaultSplits,
    Victim,
    VictimChoice,
)
from stack.faults.population import Population
from stack.faults.preview import OVER_AT_ONCE, Preview, amount, stays
from stack.faults.selection import chosen, most


class Planner:
    """Knows the pods and the links: the ground on which faults are carried out."""

    def __init__(
        self,
        population: Population,
        links: FaultLinks,
        requests: FaultRequests,
        splits: FaultSplits,
        deployments: Sequence[str],
    ) -> None:
        self.links = links
        self.requests = requests
        self.splits = splits
        self.deployments = deployments
        self._population = population
        self._dice = random.Random()

    def preview(self, fault: Fault) -> Preview:
        """What would happen now. Raises StackError where it cannot be done."""
        if fault.choice is None:
            return fault.what.foretell(self)
        matched = self._population.matching(fault.choice)
        count = most(fault.choice, len(matched))
        planned = fault.what.plan("preview", matched, matched[:count], self)
        ready = self._population.ready_in(victim.group for victim in matched)
        left = stays(ready, count, sum(victim.ready for victim in matched))
        random_part = fault.choice.mode == "random-max-percent"
        remarks = fault.what.remarks(left)
        return Preview(
            matched=len(matched),
            hits=tuple(victim.name for victim in matched),
            hit_count=count,
            stays=left,
            effect=planned.effect(amount(count, random_part)),
            ends=_end(fault),
            remarks=(*remarks, *(["The draw may hit nothing."] if random_part else [])),
        )

    def draw(self, fault: Fault, key: str) -> FaultPlan:
        """Chooses now. Raises StackError where it cannot be done."""
        if fault.choice is None:
            return FaultPlan((), fault.what.plan(key, (), (), self))
        matched = self._population.matching(fault.choice)
        hit = chosen(fault.choice, matched, self._dice)
        return FaultPlan(tuple(hit), fault.what.plan(key, matched, hit, self))

    def drawn(self, choice: VictimChoice) -> list[Victim]:
        """Those that another choice of the same object hits."""
        return chosen(choice, self._population.matching(choice), self._dice)

    def whole(self, groups: Iterable[str]) -> set[str]:
        """Names of all living pods of these deployments."""
        return self._population.whole(groups)


def _end(fault: Fault) -> str:
    if fault.duration is None:
        return OVER_AT_ONCE
    return f"It ends by itself after {format_duration(fault.duration)}."
