"""Loads: requests by users in parallel, from this machine or from Jobs of a cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from controlroom.model.run import LoadFigures, RunView
from controlroom.runs.kind import RunKind
from controlroom.runs.spec import LoadSpec
from host.durations import rounded

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class LoadKind(RunKind):
    """Sends and measures."""

    name = LoadSpec.run_kind
    spec = LoadSpec
    ended_by = MappingProxyType(
        {
            "number": "the number of requests was reached",
            "file": "every record of the file was sent once (--repeat begins it again)",
            "timeout": "the time was over",
            "stopped": "it was stopped",
        }
    )

    def first(self, view: RunView, spec: LoadSpec) -> RunView:
        figures = LoadFigures(0, 0, 0, spec.number, spec.users, 0.0, None, None, None)
        return replace(view, ends_at=view.started + spec.timeout, load=figures)

    def check(self, spec: LoadSpec) -> None:
        if spec.open:
            from controlroom.runs.open_load import plan_of

            plan_of("", spec)

    async def conduct(self, run: RunWriter, spec: LoadSpec) -> None:
        if spec.open:
            from controlroom.runs.open_load import OpenRun

            await OpenRun(run, spec).run()
            return
        if not spec.in_cluster:
            from controlroom.runs.load import LoadRun

            await LoadRun(run, spec).run()
            return
        from controlroom.runs.cluster_load import ClusterLoadRun

        async with run.target(spec.context, spec.namespace) as target:
            await ClusterLoadRun(run, spec, target).run()

    def by_target(self, asked: Mapping[str, Any]) -> bool:
        return bool(asked.get("in_cluster"))

    def report(self, view: RunView, result: Mapping[str, Any]) -> list[str]:
        load, lines = view.load, []
        if load is not None:
            lasted = rounded((view.ended or time.time()) - view.started)
            lines.append(
                f"sent {load.sent}  answered {load.answered}  failed {load.failed}  "
                f"{load.rps:g} requests/s over {lasted}"
            )
            lines.append(latencies(load))
        lines += [f"  {count} x {kind}" for kind, count in (result.get("failures") or {}).items()]
        if "intended" in result:
            lines += open_lines(load, result)
        paced = result.get("latency_from_schedule_ms")
        if paced:
            figures = "  ".join(f"{name} {_ms(paced[name])}" for name in ("p50", "p95", "p99"))
            lines.append(f"from the moment the rate wanted it sent: {figures} ms")
        return lines


def latencies(load: LoadFigures) -> str:
    """Percentiles for people."""
    rare = "" if load.p999 is None else f"  p99.9 {_ms(load.p999)}"
    return f"p50 {_ms(load.p50)}  p95 {_ms(load.p95)}  p99 {_ms(load.p99)}{rare} ms"


def open_lines(load: LoadFigures | None, result: Mapping[str, Any]) -> list[str]:
    """What only an open load has: what its schedule wanted, and how well that was kept."""
    lines = [f"{result['intended']} arrivals were due; {result['dropped']} dropped"]
    lines += [f"  {count} x {why}" for why, count in result["drops"].items()]
    late, on_time = result["lateness_ms"], result["on_time"]
    if on_time is not None:
        lines.append(
            f"latencies are from the intended start; {on_time:.2%} were started within "
            f"{result['on_time_ms']} ms of it, the latest after {_ms(late['max'])} ms"
        )
    return lines


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


KIND = LoadKind()
