"""Experiments: arms in blocks of random order, measured, with a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from controlroom.model.run import RunView
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.runs.kind import RunKind

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class ExperimentKind(RunKind):
    """Loads, injects, measures, rolls back and compares."""

    name = ExperimentSpec.run_kind
    spec = ExperimentSpec
    ended_by = MappingProxyType(
        {"all blocks": "every block was measured", "stopped": "it was stopped"}
    )

    def first(self, view: RunView, spec: ExperimentSpec) -> RunView:
        return replace(view, ends_at=view.started + spec.lasts)

    async def conduct(self, run: RunWriter, spec: ExperimentSpec) -> None:
        from controlroom.runs.experiment_run import ExperimentRun

        async with run.target(spec.context, spec.namespace) as target:
            await ExperimentRun(run, spec, target).run()

    def said(self, view: RunView) -> str:
        """`block 3 of 8, grpc, baseline, success 100 %, p95 3.2 ms`; at the end the verdict."""
        seen = view.figures
        if not seen:
            return ""
        if seen.get("verdict") and not view.active:
            return str(seen["verdict"])
        words = [f"block {seen['block']} of {seen['of']}", seen["arm"], seen["phase"]]
        if view.active and seen.get("success") is not None:
            words.append(f"success {seen['success'] * 100:.3g} %")
        if view.active and seen.get("p95") is not None:
            words.append(f"p95 {seen['p95']:.1f} ms")
        return ", ".join(word.replace("_", " ") for word in words)

    def report(self, view: RunView, result: Mapping[str, Any]) -> list[str]:
        from controlroom.experiments.results import lines

        told = lines(result)
        done = f"{result.get('blocks', 0)} of {result.get('planned', '?')} blocks"
        return [*told, done] if told else [self.said(view)]


KIND = ExperimentKind()
