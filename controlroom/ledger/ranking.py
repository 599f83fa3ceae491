"""Which fault did most harm, over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from controlroom.ledger.record import Record, Told
from controlroom.ledger.seconds import Second, number
from controlroom.ledger.story import Story
from controlroom.reports import Document, Heading, Items, Paragraph, Part, Table
from controlroom.verdicts import Place, Weights, damage, rank
from controlroom.verdicts.damage import LEAST_BASELINE

PARTS = tuple(one.name for one in fields(Weights))


@dataclass(frozen=True, slots=True)
class Score:
    """What one repetition of a fault did."""

    fault: str
    run: str
    score: float
    parts: dict[str, float]
    """In seconds, by the names of the weights."""
    remark: str
    """Why it may be too low; empty where it is not."""
    load: str
    """Under which load, and for how long; what differs in it does not compare."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """All faults in their order, and what was left out."""

    places: list[Place]
    scores: list[Score]
    left_out: list[str]
    weights: Weights


def ranked(stories: Sequence[Story], weights: Weights) -> Ranked:
    """The faults of these runs by their harm."""
    scores: list[Score] = []
    left_out: list[str] = []
    for story in stories:
        found, why = _scores(story, weights)
        scores += found
        if why:
            left_out.append(f"{story.record.id}: {why}")
    by_fault: dict[str, list[float]] = {}
    for one in scores:
        by_fault.setdefault(one.fault, []).append(one.score)
    return Ranked(rank(by_fault), scores, left_out, weights)


def document_of(found: Ranked) -> Document:
    """The order as a report."""
    parts: list[Part] = [
        Items([one.sentence() for one in found.places])
        if found.places
        else Paragraph("No run has a fault whose harm can be told.")
    ]
    parts.append(Paragraph(f"{found.weights.formula()}. A higher one is worse: as bad as an "
                           "outage of everything for so long."))  # fmt: skip
    if len({one.load for one in found.scores}) > 1:
        parts.append(Paragraph("The faults did not meet the same load for the same time, so their "
                               "scores do not compare well."))  # fmt: skip
    if found.scores:
        head = ("fault", "run", "score", *PARTS, "load")
        rows = [
            (one.fault, one.run, f"{one.score:.3g} s",
             *(f"{one.parts[name]:.3g} s" for name in PARTS), one.load)
            for one in found.scores
        ]  # fmt: skip
        parts += [Heading("Repetitions"), Table(head, rows)]
    remarks = [f"{one.run}, {one.fault}: {one.remark}" for one in found.scores if one.remark]
    if remarks or found.left_out:
        parts += [Heading("What is not known"), Items([*remarks, *found.left_out])]
    return Document("Faults by their harm", parts)


def _scores(story: Story, weights: Weights) -> tuple[list[Score], str]:
    record = story.record
    if record.is_experiment:
        return _of_blocks(record, weights)
    if not story.hits or record.view.chaos is None:
        return [], "no fault" if record.view.chaos is None else "the fault was not injected"
    if story.load is None:
        return [], "no load went on meanwhile, so nothing is known of its harm"
    mine = next((one for one in story.hits if one.run == record.id), None)
    others = [one.run for one in story.hits if one.run != record.id]
    if mine is None or others:
        return [], f"another fault was on too ({', '.join(others)})" if others else "no fault"
    seconds = story.load.whole_seconds
    before = [one for one in seconds if one.at + 1 <= mine.begun]
    after = [one for one in seconds if one.at + 1 > mine.begun]
    lasted = 0.0 if mine.ended is None else mine.ended - mine.begun
    load = f"{story.load.view.title}, {lasted:.0f} s"
    return _scored(mine.name, record.id, before, after, mine.ended, weights, load)


def _of_blocks(record: Record, weights: Weights) -> tuple[list[Score], str]:
    """Of each whole block with a fault: what it kept of its harm, else what its seconds say."""
    faults, found, why = _faults_of(record), [], ""
    for block in record.blocks:
        name = faults.get(str(block.get("arm")))
        if not block.get("whole", True) or not name or not block.get("faults"):
            continue
        load = f"{_load_of(record)}, fault {_phase(record, 'fault')}"
        kept = _kept(block, weights, name, record.id, load)
        if kept is not None:
            found.append(kept)
            continue
        mine = [one for one in record.seconds if one.block == block.get("place")]
        before = [one for one in mine if one.phase == "baseline"]
        after = [one for one in mine if one.phase in ("arming", "fault", "recovery")]
        scores, problem = _scored(name, record.id, before, after, None, weights, load)
        found += scores
        why = problem or why
    return found, why or ("" if found else "no whole block has a fault")


def _kept(block: Told, weights: Weights, name: str, run: str, load: str) -> Score | None:
    told: Any = block.get("damage")
    if not isinstance(told, dict):
        return None
    parts = {part: number(told.get(part)) for part in PARTS}
    known = {part: value for part, value in parts.items() if value is not None}
    if len(known) < len(parts):
        return None
    score = sum(getattr(weights, part) * value for part, value in known.items())
    low = "" if told.get("recovered", True) else "it had not recovered: the score is too low"
    return Score(name, run, score, known, low, load)


def _scored(
    name: str, run: str, before: Sequence[Second], after: Sequence[Second],
    removed: float | None, weights: Weights, load: str,
) -> tuple[list[Score], str]:  # fmt: skip
    try:
        found = damage([one.window() for one in before], [one.window() for one in after],
                       removed=removed, weights=weights)  # fmt: skip
    except ValueError as error:
        why = f"{name} has no score: {error}"
        if len(before) < LEAST_BASELINE:
            why = f"{name} has no score: {len(before)} s before it, {LEAST_BASELINE} are needed"
        return [], why
    remarks = [] if found.recovered else ["it had not recovered at the end"]
    remarks += [f"{found.unknown:g} s are not known"] if found.unknown else []
    remark = f"{' and '.join(remarks)}: the score may be too low" if remarks else ""
    parts = {part: getattr(found, part) for part in PARTS}
    return [Score(name, run, found.score, parts, remark, load)], ""


def _faults_of(record: Record) -> dict[str, str]:
    """Arm -> what it is hit by, as its file says."""
    plan = record.plan.get("plan") or record.asked.get("plan") or {}
    if not isinstance(plan, dict):
        return {}
    common = [str(one.get("file")) for one in plan.get("faults") or () if isinstance(one, dict)]
    found = {}
    for arm in plan.get("arms") or ():
        if isinstance(arm, dict):
            own = [str(arm[key]) for key in ("fault", "split") if arm.get(key)]
            found[str(arm.get("name"))] = " + ".join([*own, *common])
    return found


def _load_of(record: Record) -> str:
    plan = record.plan.get("plan") or record.asked.get("plan") or {}
    load = plan.get("load") if isinstance(plan, dict) else None
    if not isinstance(load, dict):
        return "a load that is not known"
    return f"{load['rate']:g}/s" if load.get("rate") else f"{load.get('users')} users"


def _phase(record: Record, name: str) -> str:
    plan = record.plan.get("plan") or record.asked.get("plan") or {}
    phases = plan.get("phases") if isinstance(plan, dict) else None
    return str(phases.get(name, "0s")) if isinstance(phases, dict) else "?"
