"""From a fault to what it would hit now: the preview, and the draw at injection."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stack.faults import network, processes
from stack.faults.durations import words
from stack.faults.model import Choice, Fault, LinkFault
from stack.faults.network import Cut
from stack.faults.population import Population
from stack.faults.selection import chosen, most
from stack.faults.victims import Victim
from stack.links import Links


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be hit now. `hits` names all candidates, `hit_count` how many of them."""

    matched: int
    hits: tuple[str, ...]
    hit_count: int
    stays: int
    effect: str
    ends: str
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the API tells it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """The draw: whom a fault hits, and on which links."""

    victims: tuple[Victim, ...]
    cuts: tuple[Cut, ...] = ()


class Planner:
    """Knows the pods and the links."""

    def __init__(self, population: Population, links: Links, deployments: Sequence[str]) -> None:
        self._population = population
        self._links = links
        self._deployments = deployments
        self._dice = random.Random()

    def preview(self, fault: Fault) -> Preview:
        """What would happen now. Raises StackError where it cannot be done."""
        matched = self._population.matching(fault.choice)
        plan = self._plan(fault, matched, matched[: most(fault.choice, len(matched))])
        count = most(fault.choice, len(matched))
        ready = self._population.ready_in(victim.group for victim in matched)
        stays = max(0, ready - min(count, sum(victim.ready for victim in matched)))
        what = fault.what
        if isinstance(what, LinkFault):
            text = network.effect(what, plan.cuts)
        else:
            text = processes.effect(what, _amount(fault.choice, count))
        return Preview(
            matched=len(matched),
            hits=tuple(victim.name for victim in matched),
            hit_count=count,
            stays=stays,
            effect=text,
            ends=_end(fault),
            remarks=_remarks(fault, stays),
        )

    def draw(self, fault: Fault) -> Plan:
        """Chooses now. Raises StackError where it cannot be done."""
        matched = self._population.matching(fault.choice)
        return self._plan(fault, matched, chosen(fault.choice, matched, self._dice))

    def _plan(self, fault: Fault, matched: Sequence[Victim], hit: Sequence[Victim]) -> Plan:
        if not isinstance(fault.what, LinkFault):
            processes.check(fault.what, matched)
            return Plan(tuple(hit))
        self._check_whole(hit)
        target = fault.what.target
        others = self._targets(target) if target else None
        found = network.cuts(fault.what, hit, others, self._deployments)
        network.check(found, self._links)
        return Plan(tuple(hit), tuple(found))

    def _targets(self, target: Choice) -> list[Victim]:
        matched = self._population.matching(target)
        hit = chosen(target, matched, self._dice)
        self._check_whole(hit)
        return hit

    def _check_whole(self, hit: Sequence[Victim]) -> None:
        network.check_whole(hit, self._population.whole(victim.group for victim in hit))


def _amount(choice: Choice, count: int) -> str:
    least = "Up to " if choice.mode == "random-max-percent" else ""
    return f"{least}{count} pod{'s' if count != 1 else ''}"


def _end(fault: Fault) -> str:
    if fault.duration is None:
        return "It is over at once; what was ended starts again by itself."
    return f"It ends by itself after {words(fault.duration)}."


def _remarks(fault: Fault, stays: int) -> tuple[str, ...]:
    remarks: list[str] = []
    if isinstance(fault.what, LinkFault):
        remarks += fault.what.remarks
        remarks.append(
            "Links are those to kafka, redis and mongo; pods that start later share them."
        )
    elif stays == 0:
        remarks.append("No ready pod stays.")
    if fault.choice.mode == "random-max-percent":
        remarks.append("The draw may hit nothing.")
    return tuple(remarks)
