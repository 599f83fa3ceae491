"""PodChaos: pods, containers and engines are ended, or held down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from host.errors import StackError
from stack.faults.fields import COMMON
from stack.faults.kind import Kind
from stack.faults.model import FaultAct, Ground, Injection, Victim
from stack.faults.preview import NOBODY_STAYS
from stack.manifests.node import Node

Action = Literal["pod-kill", "pod-failure", "container-kill"]


@dataclass(frozen=True)
class PodFault(FaultAct):
    """What a PodChaos asks for."""

    action: Action
    containers: tuple[str, ...] = ()
    grace: float = 0.0

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Raises StackError where one of the matched ones cannot be hit so."""
        for victim in matched:
            victim.check()
        for name in self.containers:
            if not any(name in victim.containers for victim in matched):
                known = sorted({c for victim in matched for c in victim.containers})
                raise StackError(
                    f"No selected pod has a container {name!r}.",
                    f"Use one of {', '.join(known)} in containerNames.",
                    "refused",
                )
        return _Ending(self, key, hit)

    def remarks(self, stays: int) -> list[str]:
        """Whether anything is left that serves."""
        return [] if stays else [NOBODY_STAYS]


class _Ending(Injection):
    def __init__(self, what: PodFault, key: str, victims: Sequence[Victim]) -> None:
        self._what = what
        self._key = key
        self._victims = victims

    def effect(self, amount: str) -> str:
        what = self._what
        match what.action:
            case "pod-kill":
                how = f"SIGTERM, then SIGKILL after {what.grace:g} s" if what.grace else "SIGKILL"
                return f"{amount} ended by {how} and replaced."
            case "container-kill":
                names = ", ".join(what.containers)
                return (
                    f"Container {names} of {amount} is ended by SIGKILL and restarted in its pod."
                )
            case "pod-failure":
                return f"All containers of {amount} are ended by SIGKILL and held down."

    async def inject(self) -> None:
        match self._what.action:
            case "pod-kill":
                await asyncio.gather(*(v.kill(self._what.grace) for v in self._victims))
            case "container-kill":
                names = self._what.containers
                await asyncio.gather(*(v.kill_containers(names) for v in self._victims))
            case "pod-failure":
                await asyncio.gather(*(v.hold(self._key) for v in self._victims))

    async def recover(self) -> None:
        for victim in self._victims:
            victim.release(self._key)
        left = [victim.name for victim in self._victims if victim.held(self._key)]
        if left:
            raise StackError(f"Still held down: {', '.join(left)}.")


class PodChaos(Kind):
    """Ends pods or containers, or holds pods down."""

    name = "PodChaos"
    actions = ("pod-kill", "pod-failure", "container-kill")
    at_once = frozenset({"pod-kill", "container-kill"})

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        spec.only(*COMMON, "action", "gracePeriod", "containerNames")
        containers = spec.at("containerNames").texts()
        grace = float(spec.at("gracePeriod").integer(0))
        match spec.at("action").text():
            case "pod-kill":
                return PodFault("pod-kill", (), grace)
            case "pod-failure":
                return PodFault("pod-failure")
            case "container-kill":
                if not containers:
                    raise spec.at("containerNames").refuse("is needed for container-kill.")
                return PodFault("container-kill", containers)
            case other:
                raise spec.at("action").refuse(
                    f"{other!r} is not known; use pod-kill, pod-failure or container-kill."
                )


KIND = PodChaos()
