"""Open loads: arrivals on schedule, by a process of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from controlroom.model.run import LoadFigures, RunView
from controlroom.runs.kind import RunKind
from controlroom.runs.open_spec import OpenSpec

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class ArrivalsKind(RunKind):
    """Sends and measures."""

    name = OpenSpec.run_kind
    spec = OpenSpec
    ended_by = MappingProxyType({"timeout": "the schedule was over", "stopped": "it was stopped"})

    def first(self, view: RunView, spec: OpenSpec) -> RunView:
        figures = LoadFigures(0, 0, 0, None, 0, 0.0, None, None, None)
        return replace(view, ends_at=view.started + spec.seconds, load=figures)

    async def conduct(self, run: RunWriter, spec: OpenSpec) -> None:
        from controlroom.runs.open_run import OpenRun

        await OpenRun(run, spec).run()

    def report(self, view: RunView, result: Mapping[str, Any]) -> list[str]:
        load = view.load
        if load is None:
            return []
        late = (result.get("lateness_ms") or {}).get("p99")
        lines = [f"sent {load.sent}  answered {load.answered}  failed or dropped {load.failed}"]
        return lines + ([f"starts late: p99 {late} ms"] if late is not None else [])


KIND = ArrivalsKind()
