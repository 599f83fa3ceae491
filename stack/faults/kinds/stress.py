"""StressChaos: processes that use up CPU time or memory, bounded in number, size and time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.durations import seconds_of
from host.errors import StackError
from stack.faults.fields import COMMON
from stack.faults.kind import Kind
from stack.faults.model import FaultAct, Ground, Injection, Victim
from stack.faults.stress.machine import cores, free_memory, total_memory
from stack.faults.stress.workers import Work, Workers
from stack.manifests.node import Node

SPARED = 512 << 20
"""Bytes of free memory that no fault takes."""
SHARE = 0.5
"""Of the free memory, at most this part is taken."""
GRACE = 2.0
"""Seconds after its end in which a worker ends by itself, if nobody has ended it."""
_SIZE = re.compile(r"(\d+)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class StressFault(FaultAct):
    """What a StressChaos asks for, per pod. `load` in per cent of a core, `size` in bytes."""

    action: str
    lasts: float
    cpu: int = 0
    load: int = 100
    memory: int = 0
    size: int = 0

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Raises StackError where the machine is too small for it."""
        for victim in hit:
            victim.check()
        self._check_cores(len(hit))
        self._check_memory(len(hit))
        return _Stress(self, len(hit))

    def remarks(self, stays: int) -> list[str]:
        """Pods share the machine, so the load is theirs and everybody's."""
        return [
            "Processes of the local stack share the machine without limits of their own: the "
            "workers compete with everything on it, not with the chosen pods alone."
        ]

    def works(self) -> list[Work]:
        """The workers of one pod; together those of memory hold `size`."""
        found = [Work("cpu", self.load) for _ in range(self.cpu)]
        return found + [Work("memory", self.size // self.memory) for _ in range(self.memory)]

    def _check_cores(self, pods: int) -> None:
        most = cores()
        wanted = (self.cpu + self.memory) * pods
        if wanted > most:
            raise StackError(
                f"{wanted} workers are asked for, and this machine has {most} cores: with more of "
                "them it would not be usable.",
                f"Ask for at most {most} workers in all pods together, or for fewer pods.",
                "refused",
            )

    def _check_memory(self, pods: int) -> None:
        wanted = self.size * pods
        free = free_memory()
        most = int(min(free * SHARE, free - SPARED))
        if wanted and wanted > most:
            raise StackError(
                f"{_mib(wanted)} of memory are asked for, and {_mib(free)} are free: at most "
                f"{_mib(max(0, most))} can be taken without danger to the machine.",
                "Give a smaller size in stressors.memory, or fewer pods.",
                "refused",
            )


class _Stress(Injection):
    every = 1.0

    def __init__(self, what: StressFault, pods: int) -> None:
        self._what = what
        self._workers = Workers([work for _ in range(pods) for work in what.works()])
        self._until = 0.0

    def effect(self, amount: str) -> str:
        what = self._what
        parts = []
        if what.cpu:
            parts.append(f"{_count(what.cpu)} use {what.load} % of a core each")
        if what.memory:
            parts.append(f"{_count(what.memory)} hold {_mib(what.size)} of memory")
        return f"Beside {amount}: for each {' and '.join(parts)}."

    async def inject(self) -> None:
        self._until = time.monotonic() + self._what.lasts + GRACE
        await self._workers.start(self._until)

    async def again(self) -> None:
        await self._workers.start(self._until)

    async def recover(self) -> None:
        await self._workers.end()


class StressChaos(Kind):
    """Real load beside pods."""

    name = "StressChaos"

    def action(self, spec: Mapping[str, Any]) -> str:
        """`cpu`, `memory` or `cpu+memory`."""
        stressors = spec.get("stressors")
        words = [w for w in ("cpu", "memory") if isinstance(stressors, dict) and stressors.get(w)]
        return "+".join(words) or "stress"

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        if spec.has("stressngStressors"):
            raise spec.at("stressngStressors").refuse(
                "stress-ng is not used here.", "Use stressors.cpu and stressors.memory."
            )
        spec.only(*COMMON, "stressors")
        both = spec.at("stressors").only("cpu", "memory")
        if not both.has("cpu") and not both.has("memory"):
            raise both.refuse("names neither cpu nor memory.", "Add cpu: {workers: 1, load: 50}.")
        cpu = both.at("cpu").only("workers", "load")
        memory = both.at("memory").only("workers", "size")
        return StressFault(
            self.action(spec.mapping()),
            seconds_of(spec.at("duration").text("0s")) or 0.0,
            cpu=cpu.at("workers").integer(minimum=1) if cpu.value is not None else 0,
            load=_load(cpu.at("load")),
            memory=memory.at("workers").integer(minimum=1) if memory.value is not None else 0,
            size=_size(memory.at("size")) if memory.value is not None else 0,
        )


def _load(node: Node) -> int:
    load = node.integer(100, minimum=1)
    if load > 100:
        raise node.refuse("is a per cent of one core: 1 to 100.")
    return load


def _size(node: Node) -> int:
    """Bytes; a per cent is one of the machine's memory. Chaos Mesh: all workers together."""
    text = node.text("25%")
    if text.endswith("%") and text[:-1].isdigit() and 0 < int(text[:-1]) <= 100:
        return total_memory() * int(text[:-1]) // 100
    match = _SIZE.fullmatch(text)
    if match is None or int(match[1]) < 1:
        raise node.refuse("must be a size such as 256MB or 10%.")
    return int(match[1]) << (10 * _POWERS[match[2].upper()])


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"


def _count(number: int) -> str:
    return f"{number} worker{'s' if number != 1 else ''}"


KIND = StressChaos()
