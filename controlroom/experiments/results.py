"""What all blocks say together: a verdict for each comparison, and the middle of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from math import isfinite
from typing import Any, Literal

from controlroom.experiments.format import Experiment
from controlroom.experiments.harm import harm_lines, harm_of, middle, ranking, ranking_lines, total
from controlroom.experiments.measures import (
    BETTER,
    COMPARED,
    EVERY,
    GOLDEN_WINDOW,
    MORE_IS_BETTER,
    WORDS,
)
from controlroom.verdicts import Block, compare

LEAST_BLOCKS = 2
"""Blocks of an arm without which nothing is compared."""
Told = Mapping[str, Any]
"""A block as its line in `blocks.jsonl` has it."""


def measured_phase(experiment: Experiment) -> Literal["baseline", "fault"]:
    """The phase by which arms are compared: the one in which they differ."""
    return "fault" if experiment.phases.seconds["fault"] else "baseline"


def summary(experiment: Experiment, blocks: Sequence[Told], seed: int) -> dict[str, Any]:
    """What the result of the run keeps."""
    return {
        "title": experiment.title,
        "compared_over": measured_phase(experiment),
        "comparisons": comparisons(experiment, blocks, seed),
        "ranking": ranking(experiment, blocks),
        "weights": experiment.weights.weights.formula(),
        "arms": {arm.name: _arm(arm.name, blocks) for arm in experiment.arms},
        "lost": total(blocks, "lost"),
        "doubled": total(blocks, "doubled"),
        "resolution": {
            "clocks_seconds": EVERY,
            "golden_window_seconds": GOLDEN_WINDOW,
            "latency": "0.1 % of the value, from the load's own count",
        },
    }


def comparisons(experiment: Experiment, blocks: Sequence[Told], seed: int) -> list[dict[str, Any]]:
    """A verdict for each pair of arms and each figure, with its sentence."""
    pairs = list(combinations([arm.name for arm in experiment.arms], 2))
    questions, arms = len(pairs) * len(experiment.compare), len(experiment.arms)
    made = []
    for measure in experiment.compare:
        values = values_of(experiment, blocks, measure)
        for first, second in pairs:
            mine = [one for one in values if one.arm in (first, second)]
            made.append(_comparison(mine, first, second, measure, seed, questions, arms))
    return made


def values_of(experiment: Experiment, blocks: Sequence[Told], measure: str) -> list[Block]:
    """What is compared of each block that has it."""
    phase = measured_phase(experiment)
    return [
        Block(one["arm"], one["place"], value)
        for one in blocks
        if (value := one["phases"].get(phase, {}).get(measure)) is not None
    ]


def _comparison(
    mine: Sequence[Block], first: str, second: str, measure: str, seed: int, questions: int,
    arms: int,
) -> dict[str, Any]:  # fmt: skip
    asked = {"measure": measure, "first": first, "second": second}
    counts = [sum(one.arm == name for one in mine) for name in (first, second)]
    if min(counts) < LEAST_BLOCKS or any(one.value <= 0 for one in mine):
        why = "too few blocks with data" if min(counts) < LEAST_BLOCKS else "a block has 0"
        said = f"{first} against {second}, {WORDS[measure]}: cannot tell, {why}"
        return {**asked, "kind": "cannot tell", "sentence": said}
    better: Literal["more", "less"] = "more" if measure in MORE_IS_BETTER else "less"
    found = compare(mine, first, second, better, seed=seed, questions=questions, arms=arms)
    word = BETTER.get(measure, "faster")
    # JSON has no infinity
    told = {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in asdict(found).items()
    }
    said = f"{first} against {second}, {found.sentence(WORDS[measure], word)}"
    return {**asked, **told, "sentence": said}


def _arm(name: str, blocks: Sequence[Told]) -> dict[str, Any]:
    """The middle of its blocks, phase by phase, and of its clocks."""
    mine = [one for one in blocks if one["arm"] == name]
    phases = {phase: None for one in mine for phase in one["phases"]}
    return {
        "blocks": len(mine),
        "phases": {
            phase: {
                **{
                    measure: middle([one["phases"].get(phase, {}).get(measure) for one in mine])
                    for measure in COMPARED
                },
                "services": _services([one["phases"].get(phase, {}) for one in mine]),
            }
            for phase in phases
        },
        **harm_of(mine),
        "clocks": _clocks([one["clocks"] for one in mine if one.get("clocks")]),
        "lost": total(mine, "lost"),
        "doubled": total(mine, "doubled"),
    }


def _clocks(every: Sequence[Told]) -> dict[str, Any] | None:
    if not every:
        return None
    names = ("first_error", "from_injection", "from_removal", "lag_peak", "lag_drain")
    medians = {name: middle([one[name] for one in every]) for name in names}
    return {
        "blocks": len(every),
        "disturbed": sum(one["disturbed"] is True for one in every),
        "not_back": sum(
            one["disturbed"] is True and one["from_injection"] is None for one in every
        ),
        **medians,
    }


def _services(phases: Sequence[Told]) -> dict[str, dict[str, float | None]]:
    """Service -> the middle of what it took; those of which nothing is known are not in it."""
    every = [one.get("services") or {} for one in phases]
    names = {name: None for one in every for name in one}
    return {
        name: {
            what: middle([one.get(name, {}).get(what) for one in every])
            for what in ("cpu", "memory")
        }
        for name in names
    }


def lines(result: Told) -> list[str]:
    """The result for people."""
    said = [one["sentence"] for one in result.get("comparisons", ())]
    said += [
        remark
        for one in result.get("comparisons", ())
        for remark in (one.get("drift"), one.get("order_effect"))
        if remark
    ]
    if pilot := result.get("pilot"):
        said.append(pilot["sentence"])
    said += ranking_lines(result)
    for name, arm in result.get("arms", {}).items():
        for phase, values in arm["phases"].items():
            said.append(_row(name, phase, values))
        said += [f"  {name:<16} {row}" for row in _services_rows(arm, result)]
        if arm["clocks"]:
            said.append(f"  {name:<16} {_clock_words(arm['clocks'])}")
        said += [f"  {name:<16} {row}" for row in harm_lines(arm)]
    lost, doubled = result.get("lost"), result.get("doubled")
    books = "no data" if lost is None or doubled is None else f"{lost} lost, {doubled} doubled"
    return [*said, f"books: {books}; clocks are exact to {EVERY:g} s"] if said else []


def _row(name: str, phase: str, values: Told) -> str:
    def ms(value: float | None) -> str:
        return "-" if value is None else f"{value:.1f}"

    success, rate = values["success"], values["throughput"]
    share = "-" if success is None else f"{success * 100:.2f} %"
    pace = "-" if rate is None else f"{rate:.0f}/s"
    latency = "  ".join(f"{WORDS[one]} {ms(values[one])}" for one in ("p50", "p95", "p99", "p999"))
    queued = values.get("queue_p95")
    waited = "" if queued is None else f", queue time p95 {queued:.0f} ms"
    return f"  {name:<16} {phase:<9} {share:>9} {pace:>8}  {latency} ms{waited}"


MOST_SERVICES = 5
"""That are named beside an arm: those that took most."""


def _services_rows(arm: Told, result: Told) -> list[str]:
    """What was taken in the phase that is compared; nothing where nothing is known."""
    phase = arm["phases"].get(result.get("compared_over", ""), {})
    services, rows = phase.get("services") or {}, []
    for what, word, digits in (("cpu", "cores", 2), ("memory", "MiB", 0)):
        known = {name: one[what] for name, one in services.items() if one.get(what) is not None}
        most = sorted(known, key=lambda name: -known[name])[:MOST_SERVICES]
        if most:
            taken = ", ".join(f"{name} {known[name]:.{digits}f}" for name in most)
            rows.append(f"{word:<6} {phase[what]:.{digits}f} in all: {taken}")
    return rows


def _clock_words(clocks: Told) -> str:
    def seconds(value: float | None) -> str:
        return "-" if value is None else f"{value:g} s"

    if not clocks["disturbed"]:
        return "no disturbance that one second shows"
    words = [
        f"first error after {seconds(clocks['first_error'])}",
        f"back {seconds(clocks['from_injection'])} after injection",
        f"{seconds(clocks['from_removal'])} after removal",
    ]
    if clocks["lag_peak"] is not None:
        words.append(f"lag peak {clocks['lag_peak']:g}")
    if clocks["lag_drain"] is not None:
        words.append(f"drained in {seconds(clocks['lag_drain'])}")
    if clocks["not_back"]:
        words.append(f"not back in {clocks['not_back']} of {clocks['blocks']} blocks")
    return ", ".join(words)
