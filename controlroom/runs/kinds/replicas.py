"""Other numbers of replicas, held for the block of an experiment."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from controlroom.runs.kind import RunKind
from controlroom.runs.replicas import ReplicasSpec

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class Replicas(RunKind):
    """Sets, holds and puts back."""

    name = ReplicasSpec.run_kind
    spec = ReplicasSpec
    ended_by = MappingProxyType({"put back": "the former numbers are there again"})

    async def conduct(self, run: RunWriter, spec: ReplicasSpec) -> None:
        from controlroom.runs.replicas import ReplicasRun

        async with run.target(spec.context, spec.namespace) as target:
            await ReplicasRun(run, spec, target).run()


KIND = Replicas()
