"""Other variables of services for a while: set, waited for, held, and put back whatever happens.

What was before is on disk before anything is changed, so whoever finds a dead run can put it back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from controlroom.runs import holding
from controlroom.runs.folder import RunFolder
from controlroom.runs.holding import Former, HoldingRun
from controlroom.targets.abilities import Configures, Refused, TargetError

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter

Values = Mapping[str, Mapping[str, str | None]]
"""Container -> variable -> value, None where the target said nothing of it."""


@dataclass(frozen=True, slots=True)
class VariablesSpec:
    """Variables that hold until the run is asked to end."""

    run_kind: ClassVar[str] = "variables"
    wanted: Mapping[str, Mapping[str, str]]
    """Deployment -> variable -> value."""
    context: str = ""
    """The cluster; empty for the local stack."""
    namespace: str = ""

    @property
    def title(self) -> str:
        """One line for the run strip."""
        return "settings: " + words(self.wanted)

    def command(self) -> str:
        """No command line does the same: it is a part of an experiment."""
        return "controlroom experiment run"


def words(wanted: Mapping[str, Mapping[str, str]]) -> str:
    """`consumer DRAIN_SECONDS=2, reader MAX_STREAMS=10`."""
    return ", ".join(
        " ".join([deployment, *(f"{name}={value}" for name, value in values.items())])
        for deployment, values in wanted.items()
    )


class VariablesRun(HoldingRun):
    """Sets, waits until all pods have them and are ready, holds, and puts back."""

    def __init__(self, run: RunWriter, spec: VariablesSpec, target: Configures) -> None:
        super().__init__(run)
        self._spec = spec
        self._target = target

    async def _set(self) -> None:
        wanted, before = self._spec.wanted, {}
        for name, values in wanted.items():
            before[name] = (await self._target.configured(name, list(values))).values
        former(self._run.folder).keep(before)
        self._run.note("before", variables=before)
        for name, values in wanted.items():
            # one service after another, each ready before the next is replaced
            await self._target.configure(name, dict.fromkeys(before[name], values))
            if left := await self._rolled(name, list(values)):
                raise Refused(f"{name} is not ready in {holding.READY:g} s: {left}.")

    async def _rolled(self, deployment: str, names: list[str]) -> str:
        limit, left = time.monotonic() + holding.READY, "nobody looked"
        while left and not self._run.stop_asked and time.monotonic() < limit:
            left = (await self._target.configured(deployment, names)).rolling
            await asyncio.sleep(holding.POLL if left else 0)
        return "" if self._run.stop_asked else left

    async def _put_back(self) -> str:
        return await put_back(self._run.folder, self._target)


def former(folder: RunFolder) -> Former[Values]:
    """The former values."""
    return Former(folder, "variables.json", "variables-back")


async def put_back(folder: RunFolder, target: Configures) -> str:
    """Sets the former values, and sees that the target wants them; what is left, in words.

    It waits for pods to be ready too, at most `READY`, as what comes next measures them. Safe to
    repeat, also by another process.
    """
    before, limit = former(folder).left(), time.monotonic() + holding.PUT_BACK
    for name, values in before.items():
        while left := await _set_back(target, name, values):
            if time.monotonic() > limit:
                return f"{name}: {left}"
            await asyncio.sleep(holding.POLL)
    if before:
        former(folder).back()
        await _all_rolled(before, target)
    return ""


async def _set_back(target: Configures, deployment: str, values: Values) -> str:
    """Why the former values are not wanted again, in words; empty where they are."""
    try:
        if (await target.configured(deployment, _names(values))).values == values:
            return ""
        await target.configure(deployment, values)
    except TargetError as error:
        return f"{error} {error.fix}".strip()
    return "not seen yet"


async def _all_rolled(before: Mapping[str, Values], target: Configures) -> None:
    limit = time.monotonic() + holding.READY
    for name, values in before.items():
        try:
            while (await target.configured(name, _names(values))).rolling:
                if time.monotonic() > limit:
                    return
                await asyncio.sleep(holding.POLL)
        except TargetError:
            # the values are set, and whoever measures next sees what is not ready
            return


def _names(values: Values) -> list[str]:
    return sorted({name for each in values.values() for name in each})
