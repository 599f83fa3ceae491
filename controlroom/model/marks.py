"""Marks of load and chaos on the time axis, made from the runs."""

from __future__ import annotations

from collections.abc import Iterator

from controlroom.model.run import Runs, RunView, TimeMark


def marks_of(runs: Runs) -> dict[tuple[str, str], TimeMark]:
    """(run, sign) -> mark for the start of every run and for its end, where it has one."""
    return {(run.id, mark.sign): mark for run in runs.runs for mark in _marks(run)}


def _marks(run: RunView) -> Iterator[TimeMark]:
    if run.chaos is None:
        yield TimeMark(run.started, "load", run.title, run.id)
        if run.ended is not None:
            yield TimeMark(run.ended, "load-end", run.bound or "ended", run.id)
        return
    yield TimeMark(run.started, "fault", run.title, run.id)
    if run.ended is not None and run.chaos.recovered:
        seconds = f"{run.ended - run.started:.1f} s"
        yield TimeMark(run.ended, "recovered", seconds, run.id)
