"""Looking through stored events, the newest first, window by window.

The index of the store is by partition and offset, so a search reads what lies between two times
and nothing else; the store compares the fields, the text is compared here. What it costs grows with
the events that are looked through, which is why every step says how far it is, and may be the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controlroom.feeds.both_stores import BothStores
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.feeds.log import line_of, partition_of
from controlroom.feeds.views import seen
from controlroom.model.finding import Found, Hit, Wanted
from controlroom.model.log import LogLine
from controlroom.model.tallies import Chosen
from scenarios.derived import with_derived
from scenarios.scenario import ORIGIN, Scenario
from scenarios.templates import captured, placeholders, split_member
from wire.keys import logs_collection

if TYPE_CHECKING:
    from wire.ranges import Range


class Finding(BothStores):
    """One search. It is a source that is read to its end by `steps`."""

    name = "log"
    patience = 10.0
    needs: tuple[str, ...] = ("wire.documents", "wire.committed", "wire.stores")

    def __init__(self, endpoints: LiveEndpoints, scenario: Scenario, wanted: Wanted) -> None:
        """Raises ValueError for a field that events do not have, or a value it cannot have."""
        super().__init__(endpoints)
        self._scenario = scenario
        self._wanted = wanted
        self._collection = logs_collection(scenario.name)
        self._stored, self._derived = asked_of(scenario, wanted.fields)

    async def steps(self) -> AsyncIterator[Found]:
        """How far it is, after each window of all partitions. Ends when everything was looked
        through, or when enough was found."""
        from wire.ranges import WINDOW, Range

        ranges = await self._bounded()
        total, looked, hits = sum(r.upto - r.after for r in ranges), 0, 0
        yield Found((), 0, 0, total)
        while ranges and hits < self._wanted.most:
            tails = [Range(r.tp, max(r.after, r.upto - WINDOW), r.upto) for r in ranges]
            found = await asyncio.gather(*map(self._window, tails))
            lines = sorted((line for part in found for line in part), key=_age, reverse=True)
            lines = lines[: self._wanted.most - hits]
            hits += len(lines)
            looked += sum(tail.upto - tail.after for tail in tails)
            left = zip(ranges, tails, strict=True)
            ranges = [Range(r.tp, r.after, tail.after) for r, tail in left if tail.after > r.after]
            yield Found(tuple(lines), hits, looked, total, hits >= self._wanted.most)

    async def _window(self, window: Range) -> list[LogLine]:
        assert self._documents is not None
        found = await self._documents.matching(self._collection, window, self._stored)
        return [
            line
            for document in found
            if self._fits(document)
            and self._wanted.needle.fits((line := line_of(self._scenario, document)).text)
        ]

    def _fits(self, document: Mapping[str, Any]) -> bool:
        """What the store was not asked for: times at the edges, and values that are derived."""
        at, wanted = document["stored"] / 1000, self._wanted
        if wanted.since is not None and at < wanted.since:
            return False
        if wanted.until is not None and at > wanted.until:
            return False
        if not self._derived:
            return True
        values = with_derived(self._scenario, document["event"])
        return all(str(values.get(name)) == value for name, value in self._derived.items())

    async def _bounded(self) -> list[Range]:
        """Where the documents of the time that is meant are, in each partition."""
        from wire.committed import read_committed
        from wire.ranges import Range

        assert self._redis is not None
        ranges = (await read_committed(self._redis, self._scenario.name)).ranges()
        if self._wanted.partition is not None:
            ranges = [r for r in ranges if partition_of(r.tp) == self._wanted.partition]
        since, until = self._wanted.since, self._wanted.until
        # a document of that very time is one of them; times are whole milliseconds
        before = None if since is None else since - 0.0005
        firsts = await asyncio.gather(*(self._reached(r, before) for r in ranges))
        lasts = await asyncio.gather(*(self._reached(r, until) for r in ranges))
        pairs = zip(ranges, firsts, lasts, strict=True)
        cut = [
            Range(r.tp, r.after if since is None else first, r.upto if until is None else last)
            for r, first, last in pairs
        ]
        return [r for r in cut if r.upto > r.after]

    async def _reached(self, wanted: Range, at: float | None) -> int:
        """The offset before the first document that was stored after that time, by halving: within
        a partition documents are stored in the order of their offsets."""
        from wire.ranges import WINDOW, Range

        if at is None or self._documents is None:
            return wanted.after
        low, high = wanted.after, wanted.upto
        while low < high:
            middle = (low + high) // 2
            near = Range(wanted.tp, middle, min(wanted.upto, middle + WINDOW))
            found = await self._documents.first(self._collection, near, 1, {})
            if not found and near.upto < wanted.upto:
                # offsets without a document, for long
                rest = Range(wanted.tp, near.upto, wanted.upto)
                found = await self._documents.first(self._collection, rest, 1, {})
            if found and found[0]["stored"] / 1000 <= at:
                low = max(middle + 1, int(found[0]["o"]))
            else:
                high = middle
        return low


def asked_of(
    scenario: Scenario, wanted: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the store compares, and what is compared here. Raises ValueError."""
    fields = {field.name: field for field in scenario.fields}
    derived = {each.name for each in scenario.derived}
    stored: dict[str, Any] = {}
    here: dict[str, str] = {}
    for name, value in wanted.items():
        if name == ORIGIN:
            stored[ORIGIN] = value
        elif name in derived:
            here[name] = value
        elif name not in fields:
            known = ", ".join([*fields, *sorted(derived), ORIGIN])
            raise ValueError(f"events of {scenario.name} have no field {name}: {known}")
        elif fields[name].kind == "text":
            stored[f"event.{name}"] = value
        else:
            try:
                stored[f"event.{name}"] = int(value)
            except ValueError:
                raise ValueError(f"{name} is a whole number, not {value!r}") from None
    return stored, here


def fields_of(scenario: Scenario, chosen: Chosen, key: str) -> dict[str, str]:
    """The fields, with their values, of the events that a row of a tally counts; empty where that
    cannot be told. `chosen` and `key` as the row's tallies have them."""
    named, own = seen(scenario, chosen)
    view = named.view
    if not view.tally:
        return {}
    tally = scenario.tally(view.tally)
    found = captured(tally.key, view.key(scenario, own))
    names, values = placeholders(tally.member) or (), split_member(key)
    if len(names) != len(values):
        return {}
    found.update(zip(names, values, strict=True))
    known = {field.name for field in scenario.fields} | {each.name for each in scenario.derived}
    return found if found.keys() <= known else {}


def _age(line: Hit) -> tuple[float, int, int]:
    return line.stored, line.partition, line.offset


def sequence(lines: Sequence[Hit]) -> list[Hit]:
    """Oldest first."""
    return sorted(lines, key=_age)
