"""Runs side by side, and what can and cannot be said of their differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from controlroom.experiments.measures import COMPARED, MORE_IS_BETTER, WORDS
from controlroom.ledger.figures import MAIN, main_phase, written
from controlroom.ledger.figures import Table as FigureTable
from controlroom.ledger.record import Record
from controlroom.ledger.story import Story, flat
from controlroom.reports import Document, Heading, Items, Paragraph, Part, Plot, Table
from controlroom.runs.spec import LoadSpec
from controlroom.verdicts import Block, compare

ONE_EACH = (
    "One run each: the figures cannot tell chance from effect. Give several runs a side, taken in "
    "turns (`controlroom runs compare r-1,r-3 r-2,r-4`), or run an experiment."
)
ONLY_ITSELF = "arms took turns within one experiment only; between two experiments they did not"
_SEED = 1


@dataclass(frozen=True)
class Column:
    """What is in one column: an arm of a run, over the phase that says most."""

    name: str
    figures: Mapping[str, float | None]


def comparison(sides: Sequence[Sequence[Story]]) -> Document:
    """Two or more sides of one or more runs each."""
    every = [story for side in sides for story in side]
    title = " against ".join(", ".join(one.record.id for one in side) for side in sides)
    parts: list[Part] = [Items([f"{one.record.id}: {one.record.view.title}" for one in every])]
    parts += [Heading("What can be said"), *_said(sides)]
    parts += [Heading("Figures"), *figures_beside(every)]
    parts += _plan_differences(every)
    parts += _courses(every)
    return Document(title, parts)


def columns_of(story: Story) -> list[Column]:
    """The arms of a run over their main phase, with the figures of no phase."""
    run, found = story.record.id, []
    for arm, phases in _known(story.figures).items():
        phase = main_phase(phases)
        place = " ".join(word for word in (run, arm, phase) if word)
        found.append(Column(place, {**phases.get("", {}), **phases.get(phase, {})}))
    return found


def verdicts(sides: Sequence[Sequence[Story]]) -> list[str]:
    """A sentence for each pair of sides and each figure; runs are the blocks."""
    every = [(one, str(n)) for n, side in enumerate(sides) for one in side]
    every.sort(key=lambda pair: (pair[0].record.view.started, pair[0].record.id))
    names = {str(n): " ".join(one.record.id for one in side) for n, side in enumerate(sides)}
    pairs = [(a, b) for a in names for b in names if a < b]
    said = []
    for measure in COMPARED:
        values = [
            Block(side, place, value)
            for place, (story, side) in enumerate(every)
            if (value := _value(story, measure)) is not None and value > 0
        ]
        for first, second in pairs:
            mine = [one for one in values if one.arm in (first, second)]
            if {one.arm for one in mine} == {first, second}:
                said.append(_sentence(mine, first, second, measure, len(pairs), names))
    return said


def took_turns(sides: Sequence[Sequence[Story]]) -> bool:
    """Whether each round, in order of time, has one run of every side."""
    every = sorted(
        (one.record.view.started, n) for n, side in enumerate(sides) for one in side
    )  # fmt: skip
    order, size = [n for _, n in every], len(sides)
    rounds = [order[place : place + size] for place in range(0, len(order), size)]
    return all(len(set(one)) == size for one in rounds)


def _said(sides: Sequence[Sequence[Story]]) -> list[Part]:
    every = [story for side in sides for story in side]
    if all(one.record.is_experiment for one in every):
        rows = [
            f"{one.record.id}: {sentence['sentence']}"
            for one in every
            for sentence in one.record.result.get("comparisons") or ()
            if isinstance(sentence, dict) and "sentence" in sentence
        ]
        told = Paragraph(f"Between these runs nothing is told: {ONLY_ITSELF}.")
        return [Items(rows), told] if rows else [told]
    if any(one.record.kind != LoadSpec.run_kind for one in every):
        return [Paragraph("Only loads are compared as blocks; here are the figures.")]
    if min(map(len, sides)) < 2:
        return [Paragraph(ONE_EACH)]
    loads = {_load_words(one.record) for one in every}
    if len(loads) > 1 and any(len({_load_words(one.record) for one in side}) > 1 for side in sides):
        return [Paragraph("The runs of one side did not send the same load, so they are no blocks "
                          "of one arm: nothing is told.")]  # fmt: skip
    if not took_turns(sides):
        return [Paragraph("The sides did not take turns: what changed on the machine meanwhile "
                          "would look like their difference, so nothing is told. Take a run of "
                          "each side in every round.")]  # fmt: skip
    return [Items(verdicts(sides))]


def _sentence(
    mine: Sequence[Block], first: str, second: str, measure: str, pairs: int,
    names: Mapping[str, str],
) -> str:  # fmt: skip
    better: Literal["more", "less"] = "more" if measure in MORE_IS_BETTER else "less"
    found = compare(mine, first, second, better, seed=_SEED, questions=pairs * len(COMPARED),
                    arms=len(names))  # fmt: skip
    word = "better" if measure == "success" else "faster"
    said = found.sentence(WORDS[measure], word)
    if found.winner:
        said = said.replace(f"{found.winner} is", f"[{names[found.winner]}] is", 1)
    more = "; ".join(one for one in (found.drift, found.order_effect) if one)
    return f"[{names[first]}] against [{names[second]}], {said}{f' ({more})' if more else ''}"


def _value(story: Story, measure: str) -> float | None:
    return story.figures.get("", {}).get("", {}).get(measure)


def figures_beside(every: Sequence[Story]) -> list[Part]:
    """A column for each arm of each run; of two columns the second over the first."""
    columns = [column for story in every for column in columns_of(story)]
    every_name = dict.fromkeys(name for one in columns for name in one.figures)
    names = sorted(every_name, key=lambda name: MAIN.index(name) if name in MAIN else len(MAIN))
    two = len(columns) == 2
    rows = []
    for name in names:
        values = [column.figures.get(name) for column in columns]
        if all(value is None for value in values):
            continue
        cells = [written(name, value) for value in values]
        rows.append((name.replace("_", " "), *cells, *([_ratio(*values)] if two else [])))
    head = ("figure", *(column.name for column in columns), *(["ratio"] if two else []))
    return [Table(head, rows)]


def _ratio(first: float | None, second: float | None) -> str:
    if first is None or second is None or not first or not math.isfinite(second / first):
        return "-"
    return f"{second / first:.3g} x"


def _plan_differences(every: Sequence[Story]) -> list[Part]:
    """In what they were asked for, and where they ran, differently."""
    told = [_facts(one.record) for one in every]
    names = dict.fromkeys(name for one in told for name in one)
    rows = []
    for name in names:
        values = [one.get(name, "-") for one in told]
        if len(set(values)) > 1:
            rows.append((name, *values))
    if not rows:
        return [Heading("What differs in their plans"), Paragraph("Nothing that is kept.")]
    head = ("fact", *(one.record.id for one in every))
    return [Heading("What differs in their plans"), Table(head, rows)]


def _facts(record: Record) -> dict[str, str]:
    asked = record.plan.get("plan") or record.asked
    found = {name: value for name, value in flat(asked) if value and name != "command"}
    about = record.about or record.plan
    for group in ("versions", "machine"):
        facts = about.get(group)
        if isinstance(facts, dict):
            found |= {f"{group} {name}": str(value) for name, value in facts.items()
                      if name != "load"}  # fmt: skip
    return found


def _load_words(record: Record) -> tuple[str, ...]:
    names = ("path", "users", "rate", "open", "number", "file", "batch", "scenario")
    return tuple(str(record.asked.get(name)) for name in names)


def _courses(every: Sequence[Story]) -> list[Part]:
    """p95 and rate of all loads over one axis, each from its own beginning."""
    loads = [one.record for one in every if one.record.kind == LoadSpec.run_kind]
    made: list[Part] = []
    for title, unit, value in (
        ("Good answers", "requests/s", lambda one: float(one.good)),
        ("p95", "ms", lambda one: one.p95),
    ):
        curves = {
            one.id: [(second.at - one.view.started, value(second)) for second in one.seconds]
            for one in loads
        }
        if any(curves.values()):
            made.append(Plot(title, unit, curves))
    return [Heading("Course"), *made] if made else []


def _known(table: FigureTable) -> FigureTable:
    return table or {"": {"": {}}}
