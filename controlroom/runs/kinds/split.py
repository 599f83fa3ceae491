"""Splits of traffic: requests of a path are divided among Services for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controlroom.model.run import ChaosFigures, RunView
from controlroom.runs.kind import RunKind
from controlroom.runs.split_spec import SplitSpec

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class SplitKind(RunKind):
    """Divides, counts down, measures, ends and verifies."""

    name = SplitSpec.run_kind
    spec = SplitSpec
    injects = True

    def first(self, view: RunView, spec: SplitSpec) -> RunView:
        figures = ChaosFigures(spec.kind, spec.action, spec.shares, "injecting", False)
        ends = None if spec.duration is None else view.started + spec.duration
        return replace(view, ends_at=ends, chaos=figures)

    async def conduct(self, run: RunWriter, spec: SplitSpec) -> None:
        from controlroom.runs.branches import BranchMeter
        from controlroom.runs.split_run import SplitRun

        async with (
            run.target(spec.context, spec.namespace) as target,
            BranchMeter(target, spec.split) as meter,
        ):
            await SplitRun(run, spec, target, meter).run()

    def said(self, view: RunView) -> str:
        return view.split.said() if view.split is not None else ""

    def report(self, view: RunView, result: Mapping[str, Any]) -> list[str]:
        return [] if view.split is None else branch_lines(view)


def branch_lines(view: RunView) -> list[str]:
    """The branches side by side, and what was predicted."""
    split = view.split
    assert split is not None
    width = max(8, *(len(one.name) for one in split.branches))
    head = ("asked", "got", "requests", "failed", "success", "rps", "p50", "p95", "p99 ms")
    lines = [f"{'branch'.ljust(width)}" + "".join(f"{word:>10}" for word in head)]
    for one in split.branches:
        cells = (
            _percent(one.asked), _percent(one.got), str(one.requests), str(one.failed),
            _percent(one.success), _number(one.rps), *map(_number, (one.p50, one.p95, one.p99)),
        )  # fmt: skip
        lines.append(one.name.ljust(width) + "".join(f"{cell:>10}" for cell in cells))
    seen = f"{_percent(split.success)} of {split.requests} requests were answered well"
    return [*lines, f"{seen}; the weights predict {_percent(split.predicted)}"]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


KIND = SplitKind()
