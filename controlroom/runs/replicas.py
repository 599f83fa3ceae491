"""Other numbers of replicas for a while: set, waited for, held, and put back whatever happens.

What was before is on disk before anything is changed, so whoever finds a dead run can put it back.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from controlroom.runs.folder import RunFolder
from controlroom.runs.holding import POLL, PUT_BACK, READY, Former, HoldingRun
from controlroom.runs.spec import where_flags
from controlroom.targets.abilities import HasFleet, Refused, TargetError

if TYPE_CHECKING:
    from controlroom.model.fleet import Fleet
    from controlroom.runs.run_writer import RunWriter


class ScaledTarget(HasFleet, Protocol):
    """A target that says what runs and changes how many."""

    async def scale(self, deployment: str, replicas: int) -> None:
        """As `Scales` has it."""
        ...


@dataclass(frozen=True, slots=True)
class ReplicasSpec:
    """Numbers of replicas that hold until the run is asked to end."""

    run_kind: ClassVar[str] = "replicas"
    wanted: Mapping[str, int]
    """By deployment."""
    context: str = ""
    """The cluster; empty for the local stack."""
    namespace: str = ""

    @property
    def title(self) -> str:
        """One line for the run strip."""
        return "replicas: " + words(self.wanted)

    def command(self) -> str:
        """Command lines that do the same."""
        where = where_flags(self.context, self.namespace)
        lines = [["controlroom", "scale", d, str(n), *where] for d, n in self.wanted.items()]
        return " && ".join(map(shlex.join, lines))


def words(wanted: Mapping[str, int]) -> str:
    """`producer-http 1, reader 2`."""
    return ", ".join(f"{deployment} {number}" for deployment, number in wanted.items())


def unscalable(wanted: Mapping[str, int], fleet: Fleet) -> str:
    """Why these numbers cannot be had, in words; empty where they can."""
    known = {one.name: one for one in fleet.deployments}
    for name, number in wanted.items():
        one = known.get(name)
        if one is None:
            return f"There is no deployment {name}; there are {', '.join(known) or 'none'}."
        low, high = one.minimum or 0, one.maximum
        if number < low or (high is not None and number > high):
            most = "or more" if high is None else f"to {high}"
            return f"{name} may have {low} {most} replicas, and {number} are wanted."
    return ""


class ReplicasRun(HoldingRun):
    """Sets, waits until all are ready, holds, and puts back."""

    def __init__(self, run: RunWriter, spec: ReplicasSpec, target: ScaledTarget) -> None:
        super().__init__(run)
        self._spec = spec
        self._target = target

    async def _put_back(self) -> str:
        return await put_back(self._run.folder, self._target)

    async def _set(self) -> None:
        fleet = await self._target.fleet()
        if why := unscalable(self._spec.wanted, fleet):
            raise Refused(why, "See `controlroom status`.")
        now = {one.name: one.replicas for one in fleet.deployments}
        before = {name: now[name] for name in self._spec.wanted}
        former(self._run.folder).keep(before)
        self._run.note("before", replicas=before)
        for name, number in self._spec.wanted.items():
            await self._target.scale(name, number)
        limit = time.monotonic() + READY
        while not self._run.stop_asked:
            missing = short_of(self._spec.wanted, await self._target.fleet())
            if not missing:
                return
            if time.monotonic() > limit:
                raise Refused(f"Not ready in {READY:g} s: {missing}.")
            await asyncio.sleep(POLL)


def short_of(wanted: Mapping[str, int], fleet: Fleet) -> str:
    """Which numbers are not there, in words; those that are leaving count as there."""
    return ", ".join(
        f"{one.name} has {one.ready} of {wanted[one.name]}"
        for one in fleet.deployments
        if one.name in wanted and (one.replicas, one.ready) != (wanted[one.name],) * 2
    )


def former(folder: RunFolder) -> Former[int]:
    """The former numbers."""
    return Former(folder, "before.json", "back")


async def put_back(folder: RunFolder, target: ScaledTarget) -> str:
    """Sets the former numbers, and sees that the target wants them; what is left, in words.

    It waits for pods to be ready too, at most `READY`, as what comes next measures them. Safe to
    repeat, also by another process.
    """
    before, limit, left = former(folder).left(), time.monotonic() + PUT_BACK, ""
    while before:
        try:
            now = {one.name: one.replicas for one in (await target.fleet()).deployments}
            wrong = {name: many for name, many in before.items() if now.get(name) != many}
            if not wrong:
                break
            for name, number in wrong.items():
                await target.scale(name, number)
            left = f"{words(wrong)} replicas were before."
        except TargetError as error:
            left = f"{error} {error.fix}".strip()
        if time.monotonic() > limit:
            return left
        await asyncio.sleep(POLL)
    if before:
        former(folder).back()
        await _all_ready(before, target)
    return ""


async def _all_ready(wanted: Mapping[str, int], target: ScaledTarget) -> None:
    limit = time.monotonic() + READY
    while time.monotonic() < limit:
        try:
            if not short_of(wanted, await target.fleet()):
                return
        except TargetError:
            # the numbers are set, and whoever measures next sees what is not ready
            return
        await asyncio.sleep(POLL)
