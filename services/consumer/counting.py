"""Counters and fences in Redis, changed together by one script per partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from services.consumer.batch import Verdict
from services.consumer.portion import Portion
from services.consumer.window import Changes
from wire import keys
from wire.tops import MOST_MEMBERS, writing

_KEPT_SECONDS = 14 * 86_400
"""An idle window of ids is kept for twice as long as Kafka keeps records by default."""


class Counting:
    """The counters of one scenario. `most`: members that a tally may have; 0 sets no bound."""

    def __init__(self, redis: Redis, scenario: str, most: int = MOST_MEMBERS) -> None:
        self._redis = redis
        self._scenario = scenario
        self._most = most
        self._fences = keys.fence_key(scenario)
        self._books = keys.books_key(scenario)
        self._lives = keys.lives_key(scenario)
        self._marks = keys.marks_key(scenario)
        self._script = writing("services.consumer", "count.lua")
        self._sha = ""

    async def fences(self, fields: Sequence[str]) -> list[int]:
        """The fence of each field; -1 where nothing was counted. Raises RedisError."""
        found = await self._redis.hmget(self._fences, list(fields)) if fields else []
        return [-1 if offset is None else int(offset) for offset in found]

    async def count(self, portions: Sequence[tuple[str, Portion]]) -> list[Verdict]:
        """Counts (field of the fence, portion) each by one script, all in one round trip.

        Raises RedisError; counting the same portions again is then safe.
        """
        if not self._sha:
            self._sha = await self._redis.script_load(self._script)
        calls = [self._call(field, portion) for field, portion in portions]
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

    def _call(self, field: str, portion: Portion) -> tuple[list[str], list[str | int]]:
        numbers = {self._fences: 1, self._books: 2, self._lives: 3}
        arguments: list[str | int] = [field, portion.believed, portion.last]
        arguments += (keys.next_life(field), self._most)
        for name, amount in portion.totals.items():
            if amount:
                arguments += ("total", 2, name, amount)
        if portion.mark:
            numbers[self._marks] = len(numbers) + 1
            arguments += ("put", numbers[self._marks], field, portion.mark)
        for (kind, key, member), amount in portion.tallies.items():
            number = numbers.setdefault(keys.counter_key(self._scenario, key), len(numbers) + 1)
            arguments += (kind, number, member, amount)
        if portion.changes is not None:
            key = keys.once_key(self._scenario, portion.tp)
            numbers[key] = len(numbers) + 1
            arguments += _kept(portion.changes, numbers[key])
        return list(numbers), arguments


def _kept(changes: Changes, number: int) -> list[str | int]:
    """The writes of a window of ids."""
    writes: list[str | int] = []
    for event_id in changes.dropped:
        writes += ("drop", number, event_id, 0)
    for event_id, first in changes.put.items():
        writes += ("put", number, event_id, f"{first.offset} {first.at} {first.place}".rstrip())
    return [*writes, "keep", number, "", _KEPT_SECONDS]


def _verdict(answer: Any) -> Verdict:
    if isinstance(answer, Exception):
        raise answer
    return Verdict(bool(answer[0]), answer[1], answer[2])
