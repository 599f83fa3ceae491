"""The tallies of a scenario as JSON: rows of a table, or bars of one selection."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from scenarios.scenario import BarsView, Scenario, TableView
from scenarios.templates import places, render, split_member, unescape
from services.reader.errors import RequestError
from wire import keys, problems
from wire.tops import MOST, Ask, Looked, Top, look

Json = dict[str, Any]


async def live(
    scenario: Scenario, redis: Redis, query: Mapping[str, str], most: int = MOST
) -> Json:
    """The tallies now; of many members the `most` highest, `members` and `others` of all.

    Raises RequestError for a choice that is not offered, RedisError.
    """
    view = scenario.view
    if isinstance(view, TableView):
        looked, found = await _table(scenario, redis, view, most)
    else:
        looked, found = await _bars(scenario, redis, view, query, most)
    age = None if looked.at is None else round(max(0.0, time.time() - looked.at / 1000), 3)
    head = {"scenario": scenario.name, "title": scenario.title, "noun": scenario.noun}
    return head | {"total": looked.counted, "age": age} | found


async def _table(
    scenario: Scenario, redis: Redis, view: TableView, most: int
) -> tuple[Looked, Json]:
    average = _key(scenario, view.average, {}) if view.average else ""
    wanted = Ask("hash", _key(scenario, view.tally, {}), most, average)
    looked = await look(redis, scenario.name, [wanted])
    (top,) = looked.tops
    rows = []
    for member in top.rows:
        row: Json = dict(zip(view.columns, split_member(member.member), strict=False))
        row["count"] = member.count
        if average:
            row["average"] = round((member.second or 0) / max(1, member.count), 4)
        rows.append(row)
    found = {"rows": _longest_first(rows, view.columns)}
    return looked, found | {"members": top.members, "others": top.others}


async def _bars(
    scenario: Scenario, redis: Redis, view: BarsView, query: Mapping[str, str], most: int
) -> tuple[Looked, Json]:
    first, second = view.selectors
    there = await offered(scenario, redis, view)
    one = _choose(first, list(there), query.get(first), next(filter(there.get, there), None))
    members = there.get(one or "", [])
    wanted = query.get(second)
    if wanted is not None and one and await is_offered(scenario, redis, view, one, wanted):
        other: str | None = wanted
    else:
        other = _choose(second, members, wanted, members[0] if members else None)
    labels = scenario.field(first).labels or {}
    looked, found = await _shares(scenario, redis, view, one, other, most)
    return looked, {
        "selected": {first: one, second: other},
        "choices": {
            first: [{"key": key, "label": labels[int(key)]} for key in there],
            second: [{"key": key, "label": " - ".join(split_member(key))} for key in members],
        },
        **found,
    }


async def offered(scenario: Scenario, redis: Redis, view: BarsView) -> dict[str, list[str]]:
    """Values of the first selector -> members that can be chosen for them, sorted; of many the
    first MOST."""
    first = view.selectors[0]
    values = [str(value) for value in sorted(scenario.field(first).labels or {})]
    asked = [Ask("set", _key(scenario, view.choices, {first: value}), MOST) for value in values]
    looked = await look(redis, scenario.name, asked)
    return {value: top.names for value, top in zip(values, looked.tops, strict=True)}


async def is_offered(
    scenario: Scenario, redis: Redis, view: BarsView, value: str, member: str
) -> bool:
    """Whether a member can be chosen for a value of the first selector, listed or not."""
    return bool(await among(scenario, redis, view, value, [member]))


async def among(
    scenario: Scenario, redis: Redis, view: BarsView, value: str, members: Sequence[str]
) -> list[str]:
    """Those of the members that can be chosen for a value of the first selector."""
    key = _key(scenario, view.choices, {view.selectors[0]: value})
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


async def counts(
    scenario: Scenario,
    redis: Redis,
    view: BarsView,
    values: Mapping[str, str],
    most: int = MOST,
) -> dict[str, int]:
    """Label -> count of the tally whose key is filled with `values`, escaped already; of many the
    highest. What had no place in it has the label `others`."""
    looked = await look(redis, scenario.name, [_bars_of(scenario, view, values, most)])
    return _labelled(looked.tops[0])


def _bars_of(scenario: Scenario, view: BarsView, values: Mapping[str, str], most: int) -> Ask:
    return Ask("hash", _key(scenario, view.tally, values), most)


def _labelled(top: Top) -> dict[str, int]:
    found = {unescape(row.member): row.count for row in top.rows}
    if top.others:
        found["others"] = found.get("others", 0) + top.others
    return found


async def _shares(
    scenario: Scenario,
    redis: Redis,
    view: BarsView,
    one: str | None,
    other: str | None,
    most: int,
) -> tuple[Looked, Json]:
    if one is None or other is None:
        return await look(redis, scenario.name, []), {"bars": [], "members": 0, "others": 0}
    names = places(scenario.tally(view.choices).member) or ()
    # parts of a member are escaped already, as the key wants them
    values = dict(zip(names, other.split(":"), strict=False)) | {view.selectors[0]: one}
    looked = await look(redis, scenario.name, [_bars_of(scenario, view, values, most)])
    (top,) = looked.tops
    total = max(1, top.total)
    bars = [
        {
            "label": unescape(row.member),
            "count": row.count,
            "percent": round(100 * row.count / total, 2),
        }
        for row in top.rows
    ]
    found = {"bars": _longest_first(bars, ("label",))}
    return looked, found | {"members": top.members, "others": top.others}


def _key(scenario: Scenario, tally: str, values: Mapping[str, str]) -> str:
    return keys.counter_key(scenario.name, render(scenario.tally(tally).key, values))


def _longest_first(rows: list[Json], names: tuple[str, ...]) -> list[Json]:
    return sorted(rows, key=lambda row: (-row["count"], [str(row.get(name)) for name in names]))
