"""The tallies of a scenario as JSON: what a view shows, with what can be chosen in it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from scenarios.scenario import NamedView, Scenario
from scenarios.templates import split_member
from scenarios.views.view import View
from services.reader.errors import RequestError
from wire import keys, problems
from wire.tops import MOST, Looked, Top, look
from wire.views import Questions

Json = dict[str, Any]


async def live(
    scenario: Scenario,
    redis: Redis,
    query: Mapping[str, str],
    most: int = MOST,
    named: NamedView | None = None,
) -> Json:
    """The tallies now, as a view shows them, by default the first; of many members the `most`
    highest, `members` and `others` of all.

    Raises RequestError for a choice that is not offered, RedisError.
    """
    view = named.view if named else scenario.view
    if view.by:
        looked, found = await _one_of(scenario, view, redis, query, most)
    elif view.choosing:
        looked, found = await _chosen(scenario, view, redis, query, most)
    else:
        looked = await look(redis, scenario.name, [Questions(scenario, view).rows(most)])
        found = _rows(scenario, view, looked.tops[0])
    age = None if looked.at is None else round(max(0.0, time.time() - looked.at / 1000), 3)
    head = {"scenario": scenario.name, "title": scenario.title, "noun": scenario.noun}
    return head | {"total": looked.counted, "age": age} | found


async def _one_of(
    scenario: Scenario, view: View, redis: Redis, query: Mapping[str, str], most: int
) -> tuple[Looked, Json]:
    asked = Questions(scenario, view)
    (title,) = asked.selectors
    top = (await look(redis, scenario.name, [asked.offers()])).tops[0]
    one: str | None = query.get(title)
    if one is None:
        one = next(iter(top.names), None)
    elif one not in top.names and not await _is_there(redis, asked, one):
        _choose(title, top.names, one, None)
    questions = [] if one is None else [asked.rows(most, (one,))]
    looked = await look(redis, scenario.name, questions)
    choices = [{"key": key, "label": asked.offer_label(key)} for key in top.names]
    shown = looked.tops[0] if questions else Top((), 0, 0, 0)
    return looked, {
        "selected": {title: one},
        "choices": {title: choices},
        **_rows(scenario, view, shown),
    }


async def _is_there(redis: Redis, asked: Questions, member: str) -> bool:
    has = redis.sismember if asked.offers().kind == "set" else redis.hexists
    return member != keys.OTHERS and bool(await cast(Any, has)(asked.offers_key(), member))


async def _chosen(
    scenario: Scenario, view: View, redis: Redis, query: Mapping[str, str], most: int
) -> tuple[Looked, Json]:
    first, second = view.choosing
    there = await offered(scenario, redis, view)
    one = _choose(first, list(there), query.get(first), next(filter(there.get, there), None))
    members = there.get(one or "", [])
    wanted = query.get(second)
    if wanted is not None and one and await among(scenario, redis, one, [wanted], view):
        other: str | None = wanted
    else:
        other = _choose(second, members, wanted, members[0] if members else None)
    labels = scenario.field(first).labels or {}
    looked, found = await _of_choice(scenario, view, redis, one, other, most)
    return looked, {
        "selected": {first: one, second: other},
        "choices": {
            first: [{"key": key, "label": labels[int(key)]} for key in there],
            second: [{"key": key, "label": " - ".join(split_member(key))} for key in members],
        },
        **found,
    }


async def offered(
    scenario: Scenario, redis: Redis, view: View | None = None
) -> dict[str, list[str]]:
    """Values of the first selector -> members that can be chosen for them, sorted; of many the
    first MOST."""
    asked = Questions(scenario, view)
    values = asked.firsts()
    looked = await look(redis, scenario.name, [asked.choices(value, MOST) for value in values])
    return {value: top.names for value, top in zip(values, looked.tops, strict=True)}


async def among(
    scenario: Scenario,
    redis: Redis,
    value: str,
    members: Sequence[str],
    view: View | None = None,
) -> list[str]:
    """Those of the members that can be chosen for a value of the first selector, listed or not."""
    key = Questions(scenario, view).choices_key(value)
    there = await cast(Any, redis).smismember(key, list(members)) if members else []
    return [m for m, one in zip(members, there, strict=True) if one and m != keys.OTHERS]


def _choose(title: str, offered: list[str], wanted: str | None, default: str | None) -> str | None:
    if wanted is None:
        return default
    if wanted not in offered:
        names = ", ".join(offered[:20]) or "none yet"
        raise RequestError(
            problems.BAD_QUERY, f"{title} {wanted!r} is not offered", f"choose one of: {names}"
        )
    return wanted


async def rows(
    scenario: Scenario, redis: Redis, chosen: Sequence[str] = (), most: int = MOST
) -> Top:
    """The rows of a choice, as `View.key` has it; of many the highest."""
    looked = await look(redis, scenario.name, [Questions(scenario).rows(most, chosen)])
    return looked.tops[0]


async def counts(
    scenario: Scenario, redis: Redis, chosen: Sequence[str], most: int = MOST
) -> dict[str, int]:
    """Label -> count of the same. What had no place in the tally has the label `others`."""
    top = await rows(scenario, redis, chosen, most)
    found = {":".join(scenario.view.labels(row.member)): row.count for row in top.rows}
    if top.others:
        found["others"] = found.get("others", 0) + top.others
    return found


async def _of_choice(
    scenario: Scenario, view: View, redis: Redis, one: str | None, other: str | None, most: int
) -> tuple[Looked, Json]:
    if one is None or other is None:
        return await look(redis, scenario.name, []), _rows(scenario, view, Top((), 0, 0, 0))
    asked = Questions(scenario, view).rows(most, (one, other))
    looked = await look(redis, scenario.name, [asked])
    return looked, _rows(scenario, view, looked.tops[0])


def _rows(scenario: Scenario, view: View, top: Top) -> Json:
    names = view.names(scenario)
    found = [view.row(names, row, top.total) for row in Questions(scenario, view).shown(top)]
    return {view.rows: found, "members": top.members, "others": top.others}
