"""Faults: one Chaos Mesh object each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controlroom.model.run import ChaosFigures, RunView
from controlroom.runs.kind import RunKind
from controlroom.runs.spec import ChaosSpec

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class Chaos(RunKind):
    """Injects, counts down, recovers and verifies."""

    name = ChaosSpec.run_kind
    spec = ChaosSpec
    injects = True

    def first(self, view: RunView, spec: ChaosSpec) -> RunView:
        figures = ChaosFigures(spec.kind, spec.action, (), "injecting", False)
        ends = None if spec.duration is None else view.started + spec.duration
        return replace(view, ends_at=ends, chaos=figures)

    async def conduct(self, run: RunWriter, spec: ChaosSpec) -> None:
        from controlroom.runs.fault import FaultRun
        from controlroom.runs.recovery import RecoveryWatch

        async with (
            run.target(spec.context, spec.namespace) as target,
            RecoveryWatch(target) as watch,
        ):
            await FaultRun(run, spec, target, watch).run()


KIND = Chaos()
