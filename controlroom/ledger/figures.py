"""The figures of a run by arm and phase, in one form for every kind; and their names and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from controlroom.ledger.beside import Hit
from controlroom.ledger.record import Record, Told
from controlroom.ledger.seconds import Second, number, success_of

Figures = dict[str, float | None]
"""Name -> value; None is not known."""
Table = dict[str, dict[str, Figures]]
"""Arm -> phase -> figures. A run without arms has the arm "", figures of no phase the phase ""."""

BEFORE, DURING, AFTER = "before", "during", "after"
TOTALS = ("lost", "doubled", "lost_good", "restarts")
"""Of a block: added up over all blocks; known only where each of them is."""
MAIN = ("success", "throughput", "p50", "p95", "p99", "p999")
ALIASES = {"rps": "throughput", "p99.9": "p999", "recovery": "from_injection"}
_LESS_KNOWN = {"phase", "seconds", "place", "whole", "good", "bad", "disturbed"}
_MS = {"p50", "p95", "p99", "p999", "late"}
_SECONDS = {
    "first_error", "from_injection", "from_removal", "lag_drain", "detect", "score", "slow",
    "recovery", "seconds", "lag_s",
}  # fmt: skip


def figures_of(record: Record, hits: Sequence[Hit] = (), load: Record | None = None) -> Table:
    """All that was measured. `hits` are faults that were on, and `load` one that met them: then
    there are phases before, during and after."""
    if record.is_experiment:
        return _of_experiment(record)
    if record.view.split is not None:
        return {one.name: {"": _picked(one, "p50", "p95", "p99")} for one in _branches(record)}
    phases: dict[str, Figures] = {"": _of_load(record) if record.view.load else _of_fault(record)}
    source = record if record.view.load is not None else load
    if source is not None and hits:
        phases |= _around(source, hits)
    return {"": phases}


def main_phase(phases: Mapping[str, Figures]) -> str:
    """The phase that a figure means where none is named."""
    return next((name for name in ("fault", "baseline") if name in phases), "")


def named(table: Table) -> dict[str, float | None]:
    """Every name by which a figure can be asked for -> its value: `p99`, `fault.p99`, `http.p99`,
    `http.fault.p99`. Names without an arm are there where there is one arm, and for totals."""
    found: dict[str, float | None] = {}
    for arm, phases in table.items():
        alone = len(table) == 1
        for phase in sorted(phases, key=lambda one: one != main_phase(phases)):
            for name, value in phases[phase].items():
                short = phase in ("", main_phase(phases))
                for words in ((arm, phase, name), (arm, name), (phase, name), (name,)):
                    if (arm in words or alone or not arm) and (phase in words or short):
                        found.setdefault(".".join(word for word in words if word), value)
    for name in TOTALS:
        values = [phases.get("", {}).get(name) for phases in table.values()]
        if len(table) > 1 and any(name in phases.get("", {}) for phases in table.values()):
            found.setdefault(name, _sum(values))
    return found


def unit_of(name: str) -> str:
    """`ms`, `s`, `%`, `/s`, `cores`, `MiB`, or empty for a count."""
    last = name.rpartition(".")[2]
    if last == "success":
        return "%"
    if last in ("throughput", "golden_rps", "rps"):
        return "/s"
    if last == "cpu":
        return "cores"
    if last == "memory":
        return "MiB"
    if name.startswith("damage."):
        return "s"
    return "ms" if last in _MS else "s" if last in _SECONDS else ""


def written(name: str, value: float | None) -> str:
    """A figure for people: `99.2 %`, `3.1 ms`; `-` is not known."""
    if value is None:
        return "-"
    unit = unit_of(name)
    if unit == "%":
        # never 100 % for what is below
        return "100 %" if value >= 1 else f"{min(value * 100, 99.99):.2f} %"
    if value == int(value) and abs(value) < 1e15:
        text = f"{int(value):,}"
    else:
        text = f"{value:,.{3 if unit == 'cores' else 2 if abs(value) < 100 else 1}f}"
    return f"{text}{unit if unit == '/s' else f' {unit}' if unit else ''}"


def _of_load(record: Record) -> Figures:
    load, times = record.view.load, record.result.get("latency_ms")
    assert load is not None
    failed = load.failed + load.dropped
    done = load.answered + failed
    figures: Figures = {
        "success": load.answered / done if done else None,
        "throughput": _rate(record),
        "p50": load.p50, "p95": load.p95, "p99": load.p99,
        "p999": number(times.get("p99.9")) if isinstance(times, dict) else load.p999,
        "sent": load.sent, "answered": load.answered, "failed": load.failed,
        "dropped": load.dropped,
    }  # fmt: skip
    if load.late is not None:
        figures["late"] = load.late
    return figures


def _rate(record: Record) -> float | None:
    """Good answers per second of the whole time."""
    load, seconds = record.view.load, number(record.result.get("seconds"))
    if load is not None and seconds:
        return load.answered / seconds
    kept = record.seconds
    return sum(one.good for one in kept) / len(kept) if kept else None


def _of_fault(record: Record) -> Figures:
    """A figure that its watch did not see is there, and not known."""
    back = record.result.get("recovery")
    seen = back if isinstance(back, dict) else {}
    if record.view.chaos is None:
        counted = record.view.figures or {}
        return {str(name): number(value) for name, value in counted.items()}
    names = ("from_injection", "from_removal", "lost", "doubled")
    return {name: number(seen.get(name)) for name in names}


def _around(load: Record, hits: Sequence[Hit]) -> dict[str, Figures]:
    """Phases of whole seconds: before the first, until the last has ended, after."""
    begun = min(one.begun for one in hits)
    ends = [one.ended for one in hits]
    known = [one for one in ends if one is not None]
    # a fault that is over at once is measured for the second in which it struck
    ended = max(*known, begun + 1) if len(known) == len(ends) else float("inf")
    spans = {
        BEFORE: (float("-inf"), begun - 1), DURING: (begun - 1, ended), AFTER: (ended, float("inf"))
    }  # fmt: skip
    return {name: _stretch(load, *span) for name, span in spans.items()}


def _stretch(load: Record, since: float, until: float) -> Figures:
    mine = [one for one in load.whole_seconds if since < one.at <= until]
    good = sum(one.good for one in mine)
    took = load.latencies(mine[0].at, mine[-1].at + 1) if mine else None
    names = ("p50", "p95", "p99", "p999")
    times = took.percentiles(50, 95, 99, 99.9) if took else [None] * len(names)
    return {
        "seconds": float(len(mine)), "success": success_of(mine),
        "throughput": good / len(mine) if mine else None, **dict(zip(names, times, strict=True)),
    }  # fmt: skip


def _of_experiment(record: Record) -> Table:
    """Of each arm the middle of its whole blocks."""
    table: Table = {}
    blocks = [one for one in record.blocks if one.get("whole", True)]
    for arm in dict.fromkeys(str(one.get("arm")) for one in blocks):
        mine = [one for one in blocks if str(one.get("arm")) == arm]
        phases = dict.fromkeys(name for one in mine for name in one["phases"])
        table[arm] = {name: _middle([one["phases"].get(name) for one in mine]) for name in phases}
        table[arm][""] = {"blocks": float(len(mine)), **_of_blocks(mine)}
    return table


def _of_blocks(blocks: Sequence[Told]) -> Figures:
    beside = [
        {name: value for name, value in one.items() if name != "phases"}
        | {name: value for name, value in _clocks(one).items() if name != "lag_peak"}
        for one in blocks
    ]
    found = _middle([{k: v for k, v in one.items() if k != "clocks"} for one in beside])
    return {**found, **{name: _sum([number(one.get(name)) for one in blocks]) for name in TOTALS
                        if any(name in one for one in blocks)}}  # fmt: skip


def _clocks(block: Told) -> Told:
    found = block.get("clocks")
    return found if isinstance(found, dict) else {}


def _middle(every: Sequence[Any]) -> Figures:
    """The median of each number that is known of some, by its name with dots."""
    flat = [dict(_numbers(one)) for one in every if isinstance(one, dict)]
    names = dict.fromkeys(name for one in flat for name in one)
    found: Figures = {}
    for name in names:
        known = [value for one in flat if (value := one.get(name)) is not None]
        found[name] = median(known) if known else None
    return found


def _numbers(told: Told, before: str = "") -> Iterator[tuple[str, float | None]]:
    for name, value in told.items():
        if name in _LESS_KNOWN or isinstance(value, str | bool | list):
            continue
        if isinstance(value, dict):
            yield from _numbers(value, f"{before}{name}.")
        elif value is None or number(value) is not None:
            yield f"{before}{name}", number(value)


def _branches(record: Record) -> Sequence[Any]:
    assert record.view.split is not None
    return record.view.split.branches


def _picked(branch: Any, *times: str) -> Figures:
    return {
        "success": branch.success, "throughput": branch.rps, "requests": branch.requests,
        "failed": branch.failed, "asked": branch.asked, "got": branch.got,
        **{name: getattr(branch, name) for name in times},
    }  # fmt: skip


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if values and len(known) == len(values) else None


def course(record: Record, load: Record | None = None) -> list[Second]:
    """The seconds by which the run is drawn: its own, else those of a load beside it. Of a load
    without its edges: of these it had only a part, which looks like a lower rate."""
    if record.is_experiment:
        return record.seconds
    source = record if record.seconds else load
    return [] if source is None else source.whole_seconds or source.seconds
