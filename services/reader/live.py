"""The tallies of a scenario as JSON: rows of a table, or bars of one selection."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis

from scenarios.scenario import BarsView, Scenario, TableView
from scenarios.templates import places, render, split_member, unescape
from services.reader.errors import RequestError
from wire import keys, problems

Json = dict[str, Any]


async def live(scenario: Scenario, redis: Redis, query: Mapping[str, str]) -> Json:
    """The tallies now. Raises RequestError for a choice that is not offered, RedisError."""
    view = scenario.view
    if isinstance(view, TableView):
        found = await _table(scenario, redis, view)
    else:
        found = await _bars(scenario, redis, view, query)
    counted, at = await redis.hmget(keys.books_key(scenario.name), ["counted", "at"])
    age = None if at is None else round(max(0.0, time.time() - int(at) / 1000), 3)
    head = {"scenario": scenario.name, "title": scenario.title, "noun": scenario.noun}
    return head | {"total": int(counted or 0), "age": age} | found


async def _table(scenario: Scenario, redis: Redis, view: TableView) -> Json:
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hgetall(_key(scenario, view.tally, {}))
        if view.average:
            pipe.hgetall(_key(scenario, view.average, {}))
        counts, *sums = await pipe.execute()
    rows = []
    for member, count in counts.items():
        row: Json = dict(zip(view.columns, split_member(member), strict=False))
        row["count"] = int(count)
        if sums:
            row["average"] = round(int(sums[0].get(member, 0)) / max(1, int(count)), 4)
        rows.append(row)
    return {"rows": _longest_first(rows, view.columns)}


async def _bars(scenario: Scenario, redis: Redis, view: BarsView, query: Mapping[str, str]) -> Json:
    first, second = view.selectors
    there = await offered(scenario, redis, view)
    one = _choose(first, list(there), query.get(first), next(filter(there.get, there), None))
    members = there.get(one or "", [])
    other = _choose(second, members, query.get(second), members[0] if members else None)
    labels = scenario.field(first).labels or {}
    return {
        "selected": {first: one, second: other},
        "choices": {
            first: [{"key": key, "label": labels[int(key)]} for key in there],
            second: [{"key": key, "label": " - ".join(split_member(key))} for key in members],
        },
        "bars": await _shares(scenario, redis, view, one, other),
    }


async def offered(scenario: Scenario, redis: Redis, view: BarsView) -> dict[str, list[str]]:
    """Values of the first selector -> members that can be chosen for them, sorted."""
    first = view.selectors[0]
    values = [str(value) for value in sorted(scenario.field(first).labels or {})]
    async with redis.pipeline(transaction=True) as pipe:
        for value in values:
            pipe.smembers(_key(scenario, view.choices, {first: value}))
        sets = await pipe.execute()
    return {value: sorted(members) for value, members in zip(values, sets, strict=True)}


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
    scenario: Scenario, redis: Redis, view: BarsView, values: Mapping[str, str]
) -> dict[str, int]:
    """Label -> count of the tally whose key is filled with `values`, escaped already."""
    found = cast(dict[str, str], await redis.hgetall(_key(scenario, view.tally, values)))
    return {unescape(member): int(count) for member, count in found.items()}


async def _shares(
    scenario: Scenario, redis: Redis, view: BarsView, one: str | None, other: str | None
) -> list[Json]:
    if one is None or other is None:
        return []
    names = places(scenario.tally(view.choices).member) or ()
    # parts of a member are escaped already, as the key wants them
    values = dict(zip(names, other.split(":"), strict=False)) | {view.selectors[0]: one}
    found = await counts(scenario, redis, view, values)
    total = max(1, sum(found.values()))
    bars = [
        {"label": label, "count": count, "percent": round(100 * count / total, 2)}
        for label, count in found.items()
    ]
    return _longest_first(bars, ("label",))


def _key(scenario: Scenario, tally: str, values: Mapping[str, str]) -> str:
    return keys.counter_key(scenario.name, render(scenario.tally(tally).key, values))


def _longest_first(rows: list[Json], names: tuple[str, ...]) -> list[Json]:
    return sorted(rows, key=lambda row: (-row["count"], [str(row.get(name)) for name in names]))
