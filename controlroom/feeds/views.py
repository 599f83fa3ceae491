"""From the tallies of Redis to rows, bars and maps; what is asked, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controlroom.feeds.text import clean
from controlroom.model.tallies import Chosen, Selection, Tallies, TallyChoice, TallyRow
from scenarios.derived import label_of
from scenarios.scenario import NamedView, Scenario
from scenarios.templates import split_member
from scenarios.views.view import View
from wire.tops import Ask, Row, Top
from wire.views import Questions

MOST = 200
"""Rows, and choices of one selection, that are asked for."""
VIEW = "view"
"""Name of the first selection where a scenario has several views."""
_NOTHING = Top((), 0, 0, 0)


def seen(scenario: Scenario, chosen: Chosen) -> tuple[NamedView, Chosen]:
    """The view that is chosen, and what is chosen in it. Of several views the name of one comes
    first; one that is not there falls back to the first."""
    if len(scenario.views) == 1:
        return scenario.views[0], chosen
    try:
        return scenario.named_view(chosen[0] if chosen else ""), chosen[1:]
    except KeyError:
        return scenario.views[0], ()


def selectors(scenario: Scenario, view: str = "") -> tuple[str, ...]:
    """What can be selected in a view, by name, in the order of its selections. KeyError."""
    shown = scenario.named_view(view).view
    own = Questions(scenario, shown).selectors if shown.tally else ("filter", "page")
    return own if len(scenario.views) == 1 else (VIEW, *own)


def questions(scenario: Scenario, view: View, chosen: Chosen) -> list[Ask]:
    """What to ask for a selection: what can be chosen, and last the rows where it is whole."""
    asked = Questions(scenario, view)
    if view.by:
        return [asked.offers(), *([asked.rows(MOST, chosen)] if chosen else [])]
    if not view.choosing:
        return [asked.rows(MOST)]
    if not chosen:
        return [asked.choices(key, 1) for key in asked.firsts()]
    rows = [asked.rows(MOST, chosen)] if len(chosen) > 1 else []
    return [asked.choices(chosen[0], MOST), *rows]


def settled(scenario: Scenario, view: View, chosen: Chosen, answers: Sequence[Top]) -> Chosen:
    """What to show, by the answers to the questions for `chosen`: the same where it is whole and
    there, also beyond the listed choices. Else the first that is there."""
    if view.by:
        # a country without events is shown as such
        return chosen or tuple(answers[0].names[:1])
    if not view.choosing:
        return ()
    if not chosen:
        firsts = Questions(scenario, view).firsts()
        return next(((key,) for key, top in zip(firsts, answers, strict=True) if top.rows), ())
    names = answers[0].names
    if len(chosen) > 1 and (chosen[1] in names or answers[1].total):
        return chosen
    return (chosen[0], *names[:1])


def known(scenario: Scenario, view: View, chosen: Chosen) -> Chosen:
    """The selection without what the view cannot have."""
    if view.by:
        return chosen[:1]
    firsts = Questions(scenario, view).firsts()
    return chosen[:2] if chosen[:1] and chosen[0] in firsts else ()


def built(
    scenario: Scenario, named: NamedView, chosen: Chosen, answers: Sequence[Top], total: int
) -> Tallies:
    """The rows in their order, and what can be selected."""
    view = named.view
    rows, choices = answers[0], _NOTHING
    if view.by:
        choices, rows = answers[0], answers[1] if chosen else _NOTHING
    elif view.choosing:
        choices = answers[0] if chosen else _NOTHING
        rows = answers[1] if len(chosen) > 1 else _NOTHING
    made = _tallies(scenario, view, rows, total)
    selections = _selections(scenario, view, chosen, choices)
    return entitled(scenario, named, replace(made, selections=selections))


def entitled(scenario: Scenario, named: NamedView, made: Tallies) -> Tallies:
    """The same with the title of its view, and a selection of the views where there are several."""
    if len(scenario.views) == 1:
        return made
    selections = (*_paging(scenario, named), *made.selections)
    return replace(made, title=named.title, paged=True, selections=selections)


def _paging(scenario: Scenario, named: NamedView) -> tuple[Selection, ...]:
    choices = tuple(
        TallyChoice(each.name, each.title, _chosen_by(scenario, each.view))
        for each in scenario.views
    )
    return (Selection(VIEW.capitalize(), choices, named.name),)


def _chosen_by(scenario: Scenario, view: View) -> str:
    if not view.tally:
        return "filter"
    names = view.names(scenario) if view.drawn == "map" else Questions(scenario, view).selectors
    return "-".join(names)


def _selections(scenario: Scenario, view: View, chosen: Chosen, top: Top) -> tuple[Selection, ...]:
    asked = Questions(scenario, view)
    if view.by:
        names = top.names
        if chosen and chosen[0] not in names:
            names.append(chosen[0])
        offered = tuple(TallyChoice(each, clean(asked.offer_label(each))) for each in names)
        more = max(0, top.members - len(offered))
        return (Selection(asked.selector_label, offered, next(iter(chosen), None), more),)
    if not view.choosing:
        return ()
    name, title = view.choosing
    field = scenario.field(name)
    labels = field.labels or {}
    first, second = (*chosen, None, None)[:2]
    names = top.names
    if second is not None and second not in names:
        names.append(second)
    firsts = tuple(TallyChoice(key, labels[int(key)]) for key in asked.firsts())
    seconds = tuple(TallyChoice(each, " – ".join(map(clean, split_member(each)))) for each in names)
    more = max(0, top.members - len(seconds))
    return (
        Selection(field.label, firsts, first),
        Selection(title.capitalize(), seconds, second, more),
    )


def row_of(asked: Questions, row: Row) -> TallyRow:
    """One member as the room shows it; its mean where there is a second count."""
    mean = row.second / row.count if row.second is not None and row.count else None
    return TallyRow(tuple(map(clean, asked.labels(row.member))), row.count, mean, row.member)


def _tallies(scenario: Scenario, view: View, top: Top, total: int) -> Tallies:
    asked = Questions(scenario, view)
    found = [row_of(asked, row) for row in asked.shown(top)]
    add = scenario.tally(view.averaged).add if view.averaged else ""
    return Tallies(
        tuple(label_of(scenario, name) for name in view.names(scenario)),
        tuple(found),
        total,
        scenario.noun,
        scenario.field(add).label if add else "",
        more=max(0, top.members - len(found)),
        others=top.others,
        sum=top.total,
        drawn=view.drawn,
    )
