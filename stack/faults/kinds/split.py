"""TrafficSplit: requests of a path go to several Services, each with its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.durations import format_duration
from host.errors import StackError
from stack.faults.kind import Kind
from stack.faults.model import (
    FaultAct,
    FaultSplits,
    Ground,
    Injection,
    SplitBranch,
    SplitRule,
    Victim,
)
from stack.faults.preview import Preview
from stack.faults.splitting import (
    API,
    NAME,
    Split,
    SplitError,
    effect_of,
    lasting,
    split_of,
    told_branches,
    told_shares,
)
from stack.manifests.node import Node

EVERY = 0.5
"""Seconds between two looks at what the branches got."""


@dataclass(frozen=True)
class SplitAct(FaultAct):
    """What one TrafficSplit asks for."""

    action: str
    split: Split
    seconds: float

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Raises StackError where a path or a branch is not there, or is split already."""
        return Splitting(self.split, self._rule(key, ground.splits), ground.splits)

    def foretell(self, ground: Ground) -> Preview:
        """Which branch gets what, and how many pods are ready there."""
        split, splits = self.split, ground.splits
        self._rule("preview", splits)
        ready = {branch.service: splits.ready(branch.service) for branch in split.branches}
        notes = [
            f"{path} goes to {splits.routed(path)} now, and again when the split is over."
            for path in split.paths
        ]
        for service, count in ready.items():
            if count is None:
                notes.append(f"{service} is started for the split, and ended after it.")
            elif not count:
                notes.append(f"No pod of {service} is ready: its share fails.")
        served = [one for one in split.branches if one.weight]
        return Preview(
            matched=len(split.branches),
            hits=told_shares(split),
            hit_count=len(served),
            stays=sum(count or 0 for count in ready.values()),
            effect=effect_of(split),
            ends=f"It ends by itself after {format_duration(self.seconds)}.",
            remarks=tuple(notes),
            branches=told_branches(split, ready),
        )

    def _rule(self, key: str, splits: FaultSplits) -> SplitRule:
        split = self.split
        splits.check(split.paths)
        pairs = zip(split.branches, split.shares, strict=True)
        branches = tuple(
            SplitBranch(one.title, splits.backend(one.service, one.port), share, one.path or "")
            for one, share in pairs
        )
        return SplitRule(key, split.paths, branches, tuple(one.service for one in split.branches))


class Splitting(Injection):
    """One split on the local stack."""

    every = EVERY
    time_begins_active = True

    def __init__(self, split: Split, rule: SplitRule, splits: FaultSplits) -> None:
        self._split = split
        self._rule = rule
        self._splits = splits
        self._counts: Mapping[str, tuple[int, int]] = {}

    @property
    def hits(self) -> tuple[str, ...]:
        return told_shares(self._split)

    @property
    def figures(self) -> Mapping[str, Any]:
        """Branch -> requests that it got, and how many of these failed."""
        return {
            name: {"requests": got, "failed": failed}
            for name, (got, failed) in self._counts.items()
        }

    def effect(self, amount: str) -> str:
        return effect_of(self._split)

    async def inject(self) -> None:
        await self._splits.add(self._rule)

    async def again(self) -> None:
        self._counts = await self._splits.counts(self._rule)

    async def recover(self) -> None:
        self._counts = await self._splits.remove(self._rule) or self._counts


class TrafficSplit(Kind):
    """Divides the requests of a path among Services."""

    name = NAME
    api = API
    selects = False

    def action(self, spec: Mapping[str, Any]) -> str:
        """One word for what it does."""
        return "split"

    def title(self, spec: Mapping[str, Any]) -> str:
        """The kind says it all."""
        return self.name

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        try:
            split = split_of(spec.value)
            return SplitAct("split", split, lasting(split))
        except SplitError as error:
            raise StackError(f"{spec.file}: {error.field}: {error}", error.fix, "refused") from None


KIND = TrafficSplit()
