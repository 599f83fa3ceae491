"""From the tallies of Redis to rows and bars; what is asked, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controlroom.feeds.text import clean
from controlroom.model.tallies import Chosen, Selection, Tallies, TallyChoice, TallyRow
from scenarios.scenario import Scenario
from scenarios.templates import split_member
from scenarios.views.view import View
from wire.tops import Ask, Row, Top
from wire.views import Questions

MOST = 200
"""Rows, and choices of one selection, that are asked for."""
_NOTHING = Top((), 0, 0, 0)


def questions(scenario: Scenario, chosen: Chosen) -> list[Ask]:
    """What to ask for a selection: what can be chosen, and last the rows where it is whole."""
    asked = Questions(scenario)
    if not scenario.view.choosing:
        return [asked.rows(MOST)]
    if not chosen:
        return [asked.choices(key, 1) for key in asked.firsts()]
    rows = [asked.rows(MOST, chosen)] if len(chosen) > 1 else []
    return [asked.choices(chosen[0], MOST), *rows]


def settled(scenario: Scenario, chosen: Chosen, answers: Sequence[Top]) -> Chosen:
    """What to show, by the answers to the questions for `chosen`: the same where it is whole and
    there, also beyond the listed choices. Else the first that is there."""
    if not scenario.view.choosing:
        return ()
    if not chosen:
        firsts = Questions(scenario).firsts()
        return next(((key,) for key, top in zip(firsts, answers, strict=True) if top.rows), ())
    names = answers[0].names
    if len(chosen) > 1 and (chosen[1] in names or answers[1].total):
        return chosen
    return (chosen[0], *names[:1])


def known(scenario: Scenario, chosen: Chosen) -> Chosen:
    """The selection without what the scenario cannot have."""
    return chosen[:2] if chosen[:1] and chosen[0] in Questions(scenario).firsts() else ()


def built(scenario: Scenario, chosen: Chosen, answers: Sequence[Top], total: int) -> Tallies:
    """The rows, largest first, and of bars what can be selected."""
    if not scenario.view.choosing:
        return _tallies(scenario, answers[0], total)
    made = _tallies(scenario, answers[1] if len(chosen) > 1 else _NOTHING, total)
    choices = answers[0] if chosen else _NOTHING
    return replace(made, selections=_selections(scenario, chosen, choices))


def _selections(scenario: Scenario, chosen: Chosen, top: Top) -> tuple[Selection, ...]:
    name, title = scenario.view.choosing
    field = scenario.field(name)
    labels = field.labels or {}
    first, second = (*chosen, None, None)[:2]
    names = top.names
    if second is not None and second not in names:
        names.append(second)
    firsts = tuple(TallyChoice(key, labels[int(key)]) for key in Questions(scenario).firsts())
    seconds = tuple(TallyChoice(each, " – ".join(map(clean, split_member(each)))) for each in names)
    more = max(0, top.members - len(seconds))
    return (
        Selection(field.label, firsts, first),
        Selection(title.capitalize(), seconds, second, more),
    )


def row_of(view: View, row: Row) -> TallyRow:
    """One member as the room shows it; its mean where there is a second count."""
    mean = row.second / row.count if row.second is not None and row.count else None
    return TallyRow(tuple(map(clean, view.labels(row.member))), row.count, mean)


def _tallies(scenario: Scenario, top: Top, total: int) -> Tallies:
    view = scenario.view
    rows = [row_of(view, row) for row in top.rows]
    found = sorted(rows, key=lambda row: (-row.count, row.labels))
    add = scenario.tally(view.averaged).add if view.averaged else ""
    return Tallies(
        tuple(scenario.field(name).label for name in view.names(scenario)),
        tuple(found),
        total,
        scenario.noun,
        scenario.field(add).label if add else "",
        more=top.members - len(found),
        others=top.others,
        sum=top.total,
    )
