"""Counters and committed offsets in Redis, changed together by one script per partition."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from scenarios.tallies.kind import TallyKind
from services.consumer.dedup_window import Changes
from services.consumer.prepared import PreparedBatch
from services.queues.batch import Verdict
from wire import keys
from wire.tops import MOST_MEMBERS, writing

_KEPT_SECONDS = 14 * 86_400
"""An idle window of ids is kept for twice as long as Kafka keeps records by default."""


class Counting:
    """The counters of one scenario. `most`: members that a tally may have; 0 sets no bound.
    `kinds`: of its tallies, as `wire.tops.writing` takes them. `side`: the queue that they come by,
    as `Scenario.side` has it."""

    def __init__(
        self,
        redis: Redis,
        scenario: str,
        most: int = MOST_MEMBERS,
        kinds: Mapping[str, TallyKind] | None = None,
        side: str = "",
    ) -> None:
        self._redis = redis
        self._scenario = scenario
        self._most = most
        self._side = side
        self._committed_offsets = keys.committed_key(scenario)
        self._books = keys.books_key(scenario)
        self._lives = keys.lives_key(scenario)
        self._marks = keys.marks_key(scenario)
        self._queues = keys.queues_key(scenario)
        self._lost = keys.lost_key(scenario)
        self._script = writing("services.consumer", "count.lua", kinds)
        self._sha = ""

    async def committed_offsets(self, fields: Sequence[str]) -> list[int]:
        """The committed offset of each field; -1 where nothing was counted. Raises RedisError."""
        found = await self._redis.hmget(self._committed_offsets, list(fields)) if fields else []
        return [-1 if offset is None else int(offset) for offset in found]

    async def count(self, batches: Sequence[tuple[str, PreparedBatch]]) -> list[Verdict]:
        """Counts (field of the committed offset, prepared batch) each by one script, all in one
        round trip.

        Raises RedisError; counting the same prepared batches again is then safe.
        """
        if not self._sha:
            self._sha = await self._redis.script_load(self._script)
        calls = [self._call(field, prepared) for field, prepared in batches]
        answers = await self._send(calls)
        unknown = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            self._sha = await self._redis.script_load(self._script)
            again = await self._send([calls[n] for n in unknown])
            for n, answer in zip(unknown, again, strict=True):
                answers[n] = answer
        return [_verdict(answer) for answer in answers]

    async def _send(self, calls: Sequence[tuple[list[str], list[str | int]]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for used, arguments in calls:
                pipe.evalsha(self._sha, len(used), *used, *arguments)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers

    def _call(self, field: str, prepared: PreparedBatch) -> tuple[list[str], list[str | int]]:
        numbers = {self._committed_offsets: 1, self._books: 2, self._lives: 3}
        arguments: list[str | int] = [field, prepared.expected, prepared.last]
        arguments += (keys.next_life(field), self._most)
        for name, amount in prepared.totals.items():
            if amount:
                arguments += ("total", 2, name, amount)
                if self._side:
                    arguments += ("total", 2, keys.of_side(name, self._side), amount)
        if self._side:
            numbers[self._queues] = len(numbers) + 1
            arguments += ("put", numbers[self._queues], field, self._side)
        if prepared.mark:
            numbers[self._marks] = len(numbers) + 1
            arguments += ("put", numbers[self._marks], field, prepared.mark)
        if prepared.lost:
            numbers[self._lost] = len(numbers) + 1
            place, now = f"{prepared.tp} {prepared.expected}", time.time_ns() // 1_000_000
            arguments += ("put", numbers[self._lost], place, f"{prepared.last} {now}")
        for (kind, key, member), amount in prepared.tallies.items():
            number = numbers.setdefault(keys.counter_key(self._scenario, key), len(numbers) + 1)
            arguments += (kind, number, member, amount)
        if prepared.changes is not None:
            key = keys.once_key(self._scenario, prepared.tp)
            numbers[key] = len(numbers) + 1
            arguments += _kept(prepared.changes, numbers[key])
        return list(numbers), arguments


def _kept(changes: Changes, number: int) -> list[str | int]:
    """The writes of a window of ids."""
    writes: list[str | int] = []
    for event_id in changes.dropped:
        writes += ("drop", number, event_id, 0)
    for event_id, first in changes.put.items():
        writes += ("put", number, event_id, f"{first.offset} {first.at} {first.position}".rstrip())
    return [*writes, "keep", number, "", _KEPT_SECONDS]


def _verdict(answer: Any) -> Verdict:
    if isinstance(answer, Exception):
        raise answer
    return Verdict(bool(answer[0]), answer[1], answer[2])
