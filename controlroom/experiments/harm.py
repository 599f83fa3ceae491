"""How much harm each fault did over all blocks, and which did most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from controlroom.experiments.format import Experiment
from controlroom.experiments.measures import EVERY
from controlroom.verdicts import rank

Told = Mapping[str, Any]
"""A block as its line in `blocks.jsonl` has it."""
_HEADING = "harm, worst first"


def fault_arms(experiment: Experiment) -> list[str]:
    """Names of the arms that have a fault or a split."""
    hit = [one for one in experiment.arms if experiment.faults_of(one) or experiment.splits_of(one)]
    return [one.name for one in hit]


def ranking(experiment: Experiment, blocks: Sequence[Told]) -> list[dict[str, Any]]:
    """The arms with faults, most harmful first; `ties` are those that cannot be told from it.

    `bound`: blocks that had not recovered while they were watched, so that their score is too low.
    `seen`: whether it did more than one second shows, and than an arm without a fault where there
    is one. Arms of which no block has a score are left out.
    """
    scores = {arm.name: _scores(arm.name, blocks) for arm in experiment.arms}
    faults = {name: found for name in fault_arms(experiment) if (found := scores.pop(name))}
    plain = {name: found for name, found in scores.items() if found}
    noise = {one.name: one for one in rank({**faults, **plain})} if plain else {}
    told = []
    for one in rank(faults):
        alike = [name for name in plain if name in noise[one.name].not_told_from]
        seen = one.score >= EVERY * experiment.weights.lost and not alike
        bound = sum(
            block["arm"] == one.name and not block["damage"]["recovered"]
            for block in blocks
            if block.get("damage")
        )
        said = one.sentence()
        if bound:
            said += f"; at least, in {bound} of {one.repetitions} blocks it was not well again"
        if alike:
            said += f"; not told from {', '.join(alike)}, which has no fault"
        elif not seen:
            said += f"; less than {EVERY:g} s of outage, which is the resolution"
        told.append(
            {
                "arm": one.name, "place": one.place, "score": round(one.score, 3),
                "low": round(one.low, 3) if one.repetitions > 1 else None,
                "high": round(one.high, 3) if one.repetitions > 1 else None,
                "ties": list(one.not_told_from), "blocks": one.repetitions, "bound": bound,
                "seen": seen, "sentence": said,
            }
        )  # fmt: skip
    return told


def _scores(arm: str, blocks: Sequence[Told]) -> list[float]:
    return [
        float(one["damage"]["score"]) for one in blocks if one["arm"] == arm and one.get("damage")
    ]


def harm_of(mine: Sequence[Told]) -> dict[str, Any]:
    """The middle of the blocks of an arm, and sums of what is counted; None where not known."""
    damages = [one["damage"] for one in mine if one.get("damage")]
    budgets = [one["budget"] for one in mine if one.get("budget")]
    replicas: dict[str, list[int]] = {}
    for one in mine:
        for name, (least, most) in (one.get("replicas") or {}).items():
            low, high = replicas.get(name, (least, most))
            replicas[name] = [min(low, least), max(high, most)]
    return {
        "restarts": total(mine, "restarts"),
        "replicas": replicas,
        "detect": middle([one.get("detect") for one in mine]),
        "lost_good": middle([one.get("lost_good") for one in mine]),
        "budget": _budget(budgets),
        "damage": {
            part: middle([one[part] for one in damages])
            for part in ("score", "lost", "slow", "recovery", "lag")
        }
        if damages
        else None,
        "damage_unknown": next((why for one in mine if (why := one.get("damage_unknown"))), ""),
    }


def _budget(budgets: Sequence[Told]) -> dict[str, Any] | None:
    if not budgets:
        return None
    good, bad = sum(one["good"] for one in budgets), sum(one["bad"] for one in budgets)
    rate = middle([one["burn_rate"] for one in budgets])
    return {"slo": budgets[0]["slo"], "bad": bad, "good": good, "burn_rate": rate}


def ranking_lines(result: Told) -> list[str]:
    """The ranking for people, with its formula; nothing where there is none."""
    found = result.get("ranking") or []
    if not found:
        return []
    rows = [f"  {one['sentence']}" for one in found]
    return [f"{_HEADING} ({result.get('weights', '')}):", *rows]


def harm_lines(arm: Told) -> list[str]:
    """What is said of one arm."""
    words = []
    if arm.get("clocks"):
        seen = arm.get("detect")
        words.append("no condition showed it" if seen is None else f"detected after {seen:g} s")
    if (lost := arm.get("lost_good")) is not None:
        words.append(f"{lost:g} good requests lost")
    if (budget := arm.get("budget")) and budget["burn_rate"] is not None:
        goal = f"{100 * budget['slo']:g} %"
        words.append(f"error budget of {goal} burned {budget['burn_rate']:.2g} times as fast")
    if arm.get("restarts"):
        words.append(f"{arm['restarts']} restarts")
    moved = [
        f"{name} {low} to {high} replicas"
        for name, (low, high) in (arm.get("replicas") or {}).items()
        if low != high
    ]
    words += moved
    if arm.get("clocks") and (why := arm.get("damage_unknown")):
        words.append(f"damage not known ({why})")
    return [", ".join(words)] if words else []


def middle(values: Sequence[float | None]) -> float | None:
    """The median of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return round(median(known), 4) if known else None


def total(blocks: Sequence[Told], name: str) -> int | None:
    """None where one of them is not known."""
    values = [one.get(name) for one in blocks]
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
