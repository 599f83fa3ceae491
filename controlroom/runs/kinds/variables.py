"""Variables of services, held for the block of an experiment."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from controlroom.runs.kind import RunKind
from controlroom.runs.variables import VariablesSpec

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class Variables(RunKind):
    """Sets, holds and puts back."""

    name = VariablesSpec.run_kind
    spec = VariablesSpec
    ended_by = MappingProxyType({"put back": "the former values are there again"})

    async def conduct(self, run: RunWriter, spec: VariablesSpec) -> None:
        from controlroom.runs.variables import VariablesRun

        async with run.target(spec.context, spec.namespace) as target:
            await VariablesRun(run, spec, target).run()


KIND = Variables()
