"""Folders of runs as runs leave them, without a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from controlroom.arrivals.histogram import HEAD, Histogram
from controlroom.arrivals.results import HISTOGRAM, SECONDS
from controlroom.model.run import ChaosFigures, LoadFigures, RunState
from controlroom.runs.about import write_about
from controlroom.runs.catalog import chaos_dir
from controlroom.runs.experiment_spec import BLOCKS, PLAN, SAMPLES, ExperimentSpec
from controlroom.runs.folder import RunFolder
from controlroom.runs.kind import Spec
from controlroom.runs.launch import first_view
from controlroom.runs.manifest import read_chaos
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore

BEGUN = 1_700_000_000.0
LOAD = LoadSpec(url="http://127.0.0.1:1", scenario="bands", users=4, rate=10.0, timeout=12.0)
FAULT = read_chaos(chaos_dir() / "pod-kill-consumer.yaml")


def begun(store: RunStore, spec: Spec, at: float = BEGUN, owner: str = "") -> RunWriter:
    """A run that began then; nobody conducts it."""
    folder = store.create()
    folder.write_spec(spec)
    if owner:
        folder.write_owner(owner)
    write_about(folder.path)
    view = replace(first_view(folder.id, spec), started=at)
    (folder.path / "journal.jsonl").write_text(
        json.dumps({"at": at, "event": "asked", "command": spec.command()}) + "\n"
    )
    writer = RunWriter(folder, view)
    writer.update(state="running")
    return writer


def over(
    writer: RunWriter, result: dict[str, Any], lasted: float, state: RunState = "finished",
    bound: str = "timeout", **changes: Any,
) -> RunFolder:  # fmt: skip
    """It has ended."""
    writer.end(state, bound, result, **changes)
    ended = writer.view.started + lasted
    writer.update(ended=ended)
    writer.folder.write_result({**(writer.folder.read_result() or {}), "ended": ended})
    return writer.folder


def load_run(
    store: RunStore, p95: float = 5.0, at: float = BEGUN, seconds: int = 12, failed: int = 0,
    owner: str = "", good: Sequence[int] = (), spec: LoadSpec = LOAD,
) -> RunFolder:  # fmt: skip
    """A load of 10 requests a second, with one p95 in all of it."""
    writer = begun(store, spec, at, owner)
    counts = good or [10] * seconds
    lines, log = [], HEAD
    for second, count in enumerate(counts):
        took = Histogram()
        took.add(p95 * 1000, count)
        lines.append(
            {"t": int(at) + second, "answered": count, "failed": 0, "p50": p95, "p95": p95,
             "p99": p95}
        )  # fmt: skip
        log += took.line(int(at) + second, 1.0)
    path = writer.folder.path
    (path / SECONDS).write_text("".join(json.dumps(one) + "\n" for one in lines))
    (path / HISTOGRAM).write_text(log)
    answered = sum(counts)
    load = LoadFigures(
        answered + failed, answered, failed, None, 4, 10.0, p95, p95, p95
    )  # fmt: skip
    times = {"p50": p95, "p95": p95, "p99": p95, "p99.9": p95}
    result = {"seconds": float(len(counts)), "latency_ms": times}
    return over(writer, result, float(len(counts)), load=load)


def fault_run(
    store: RunStore, at: float = BEGUN + 6, lasted: float = 2.0, owner: str = "",
    recovery: dict[str, Any] | None = None,
) -> RunFolder:  # fmt: skip
    """A fault that was on for a while."""
    writer = begun(store, FAULT, at, owner)
    fault = {"name": FAULT.name, "injected": at, "recovered": at + lasted}
    chaos = ChaosFigures(FAULT.kind, FAULT.action, ("consumer-1",), "finished", True)
    result = {"clean": True, "fault": fault, "recovery": recovery}
    return over(writer, result, lasted, bound="fault over", chaos=chaos)


def experiment_run(store: RunStore, rounds: int = 2, at: float = BEGUN) -> RunFolder:
    """Two arms, one of them hit, in blocks of 10 s."""
    plan = {
        "scenario": "bands", "load": {"rate": 10}, "rounds": rounds,
        "phases": {"warm_up": "0s", "baseline": "5s", "fault": "5s"},
        "arms": [{"name": "none"}, {"name": "killed", "fault": "pod-kill-consumer"}],
    }  # fmt: skip
    order = ["none", "killed"] * rounds
    spec = ExperimentSpec(plan=plan, name="mine", order=tuple(order), scenario="bands")
    writer = begun(store, spec, at)
    path = writer.folder.path
    (path / PLAN).write_text(json.dumps({"plan": plan, "order": order, "seed": 1}))
    for place, arm in enumerate(order):
        begin = at + 10 * place
        writer.note("block", place=place, arm=arm)
        _append(path / SAMPLES, [_sample(place, arm, begin, second) for second in range(10)])
        _append(path / BLOCKS, [_block(place, arm)])
    sentence = "none against killed, p95: cannot tell: needs about 8 more blocks"
    result = {
        "comparisons": [{"measure": "p95", "first": "none", "second": "killed", "ratio": 0.5,
                         "low": 0.1, "high": None, "rounds": rounds, "level": 0.95,
                         "sentence": sentence}],
        "arms": {}, "blocks": len(order), "planned": len(order), "clean": True,
    }  # fmt: skip
    return over(writer, result, 10.0 * len(order), bound="all blocks")


def cut(path: Path, length: int) -> bytes:
    """Leaves only the beginning of a file. Answers what it was."""
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    return whole


def _sample(place: int, arm: str, begin: float, second: int) -> dict[str, Any]:
    hit = arm == "killed" and second >= 5
    return {
        "block": place, "arm": arm, "at": begin + second + 1,
        "phase": "baseline" if second < 5 else "fault",
        "good": 5 if hit else 10, "bad": 5 if hit else 0, "p50": 2.0, "p95": 8.0 if hit else 4.0,
        "p99": 9.0, "lag": 3, "missing": 0,
    }  # fmt: skip


def _block(place: int, arm: str) -> dict[str, Any]:
    hit = arm == "killed"
    phase = {"seconds": 5.0, "good": 50, "bad": 0, "success": 1.0, "throughput": 10.0, "p50": 2.0,
             "p95": 4.0, "p99": 9.0, "p999": 9.0, "lag_peak": 3, "golden": {}}  # fmt: skip
    struck = {**phase, "success": 0.5 if hit else 1.0, "p95": 8.0 if hit else 4.0}
    return {
        "place": place, "arm": arm, "phases": {"baseline": phase, "fault": struck},
        "clocks": {"disturbed": True, "from_injection": 5.0} if hit else None,
        "lost": 0, "doubled": 0, "load": None, "faults": ["r-0099"] if hit else [], "whole": True,
    }  # fmt: skip


def _append(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in lines)
