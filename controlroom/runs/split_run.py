"""Conducts a split of traffic: as any fault, and what its branches did is measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from controlroom.model.split import SplitFigures
from controlroom.runs.branches import BranchMeter
from controlroom.runs.fault import FaultRun
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.split_spec import SplitSpec
from controlroom.targets.abilities import FaultStatus, InjectsFaults


class SplitRun(FaultRun):
    """One split."""

    def __init__(
        self, run: RunWriter, spec: SplitSpec, target: InjectsFaults, meter: BranchMeter
    ) -> None:
        super().__init__(run, spec, target)
        self._meter = meter
        self._last: SplitFigures | None = None

    async def _come_back(self) -> None:
        """Latencies over all of its time, for the result."""
        await self._meter.whole()

    def _seen(self, status: FaultStatus) -> dict[str, Any]:
        if self._last is None:
            self._meter.begin()
        if status.figures is not None or status.phase != "finished":
            self._last = self._meter.figures(status.figures)
        return {"split": self._last}

    def _more(self) -> dict[str, Any]:
        if self._status is None:
            return {}
        self._last = self._meter.figures(self._status.figures)
        return {"split": asdict(self._last)}
