"""Reads the raw figures of the books from the real stores, in the right order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple, Protocol

from redis.asyncio import Redis

from wire.books import Books, Figures, SideBySide
from wire.committed import Committed, read_acknowledged, read_committed
from wire.document_count import DocumentCount
from wire.documents import Documents
from wire.ending import end, together
from wire.queues.kind import Account, Rule, Where
from wire.queues.registry import queue_kind
from wire.ranges import Range
from wire.stores import redis_client

_PATIENCE = 5
_LOAD_EVERY = 10.0
"""Seconds after which an auditor looks at what others have counted again meanwhile."""


class Auditor:
    """Keeps the books of one queue of a scenario; `side` as `Scenario.side` has it.

    It goes on from what was counted and kept before, so an answer costs as much as what came
    since. An `exact` auditor counts every document itself, once, and then `recounts` windows at
    each audit, in rotation. Every audit raises RedisError, DocumentsError or an error of the queue
    where a source does not answer.
    """

    def __init__(
        self,
        scenario: str,
        redis: Redis,
        account: Account,
        documents: Documents,
        exact: bool = False,
        recounts: int = 2,
        side: str = "",
    ) -> None:
        self._scenario = scenario
        self._side = side
        self._redis = redis
        self._account = account
        self._count = DocumentCount(scenario, documents)
        self._exact = exact
        self._recounts = recounts if exact else 0
        self._loaded = -_LOAD_EVERY
        self._seen = (-1, -1)
        self._left = 0
        self._pace = 0.0
        self._counting: _Counting | None = None
        self._one_at_a_time = asyncio.Lock()

    async def audit(self, within: float | None = None) -> Books:
        """The books as they are now.

        After `within` seconds it answers with what was counted by then: `unaudited` says how many
        offsets are left, and the next audit goes on with them.
        """
        async with self._one_at_a_time:
            deadline = None if within is None else time.monotonic() + within
            await self._load()
            read = await self._read(deadline)
            for _ in range(_PATIENCE):
                now = await self._committed()
                if now.low_watermarks == read.committed.low_watermarks:
                    break
                read = await self._follow(read, now, deadline)
            if self._counting is None:
                await self._count.recheck(self._recounts)
            return read.rule(read.figures)

    async def recount(self, after: Mapping[str, int]) -> None:
        """Counts the documents beyond these offsets (`tp` -> offset) anew: one that was counted may
        have gone since. The next audit is as exact for them."""
        async with self._one_at_a_time:
            if self._counting is not None:
                await asyncio.wait({self._counting.task})
            await self._count.load()
            self._loaded = time.monotonic()
            await self._count.again(after)

    async def offsets(self) -> dict[str, int]:
        """`tp` -> how far documents are stored now."""
        return dict((await self._committed()).offsets)

    async def changed(self) -> bool:
        """Whether the stores were told anything since the last audit; asks Redis only. What foreign
        producers put on the topic shows here once a consumer has come to it."""
        seen = self._seen
        self._seen = await self._look()
        return self._seen != seen

    async def _look(self) -> tuple[int, int]:
        committed_offsets = await self._committed()
        acknowledged = await read_acknowledged(self._redis, self._scenario, self._side)
        return acknowledged, committed_offsets.version

    async def _committed(self) -> Committed:
        return (await read_committed(self._redis, self._scenario)).of(self._side)

    async def found(self) -> int:
        """Documents that are there now, below the committed offsets; asks Redis and MongoDB
        only."""
        async with self._one_at_a_time:
            await self._load()
            return await self._documents(await self._committed(), None)

    def seconds_left(self, unaudited: int) -> float | None:
        """How long so many offsets will take, as fast as it went so far; None where unknown."""
        return unaudited / self._pace if self._pace else None

    async def _load(self) -> None:
        if not self._exact and time.monotonic() - self._loaded >= _LOAD_EVERY:
            await self._count.load()
            self._loaded = time.monotonic()

    async def _read(self, deadline: float | None) -> _Read:
        """Figures, and the committed offsets that they hold for: a purge meanwhile makes them
        worthless."""
        acknowledged = await read_acknowledged(self._redis, self._scenario, self._side)
        committed_offsets = await self._committed()
        rule = await self._account.look(committed_offsets)
        figures = Figures(
            scenario=self._scenario,
            acknowledged=acknowledged,
            committed_offsets=committed_offsets.offsets,
            totals=committed_offsets.totals,
            found=await self._documents(committed_offsets, deadline),
            unaudited=self._left,
            bases=committed_offsets.bases,
            settled=committed_offsets.settled,
        )
        return _Read(rule, figures, committed_offsets)

    async def _follow(self, read: _Read, now: Committed, deadline: float | None) -> _Read:
        """The figures after documents were removed on purpose while they were read."""
        figures = read.figures
        committed_offsets = figures.committed_offsets
        if any(
            low_watermark > committed_offsets.get(tp, -1)
            for tp, low_watermark in now.low_watermarks.items()
        ):
            return await self._read(deadline)
        # what was removed is at or below the committed offsets read before, so those still hold
        totals = replace(figures.totals, purged=now.totals.purged)
        found = await self._documents(replace(now, offsets=committed_offsets), deadline)
        figures = replace(figures, totals=totals, found=found, unaudited=self._left)
        return _Read(read.rule, figures, now)

    async def _documents(self, committed_offsets: Committed, deadline: float | None) -> int:
        """Documents that were counted below the committed offsets; `_left` says what was not.

        A store that is busy may take longer for one question than there is time. The count goes
        on by itself then: a question that were given up would be asked again, and so for ever.
        """
        ranges = committed_offsets.ranges()
        while True:
            counting = self._counting or self._begin(ranges, deadline)
            task, wanted, before, begun = counting
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            done, _ = await asyncio.wait({task}, timeout=left)
            if not done:
                self._left = max(1, self._count.left(ranges))
                return self._count.total
            self._counting = None
            self._left = task.result()
            if self._left and before > self._left:
                self._pace = (before - self._left) / (time.monotonic() - begun)
            if wanted == ranges:
                return self._count.total

    def _begin(self, ranges: list[Range], deadline: float | None) -> _Counting:
        task = asyncio.create_task(self._count.advance(ranges, deadline), name="count")
        self._counting = _Counting(task, ranges, self._left, time.monotonic())
        return self._counting

    async def close(self) -> None:
        """Ends a count that is still going on."""
        if self._counting is not None:
            await end([self._counting.task])


class _Read(NamedTuple):
    """What an audit has read, and the rule that makes books of it."""

    rule: Rule
    figures: Figures
    committed: Committed


class _Counting(NamedTuple):
    """A count that goes on: of which ranges, how many offsets were left at its begin, and when that
    was (monotonic clock)."""

    task: asyncio.Task[int]
    ranges: list[Range]
    before: int
    begun: float


class Keeper(Protocol):
    """Keeps the books of a scenario, of one queue or several; see Auditor."""

    async def audit(self, within: float | None = None) -> Books:
        """The books as they are now."""

    async def recount(self, after: Mapping[str, int]) -> None:
        """Counts the documents beyond these offsets anew."""

    async def offsets(self) -> dict[str, int]:
        """`tp` -> how far documents are stored now."""

    async def changed(self) -> bool:
        """Whether the stores were told anything since the last audit."""

    def seconds_left(self, unaudited: int) -> float | None:
        """How long so many offsets will take."""

    async def close(self) -> None:
        """Ends a count that is still going on."""


class Auditors:
    """Keeps the books of several queues, each as its own auditor does; see Auditor."""

    def __init__(self, auditors: Mapping[str, Auditor]) -> None:
        """`auditors`: by the name of the queue."""
        self._auditors = auditors

    async def audit(self, within: float | None = None) -> SideBySide:
        """The books as they are now; all count their documents within the same time."""
        found = await together(*(each.audit(within) for each in self._auditors.values()))
        return SideBySide.of(dict(zip(self._auditors, found, strict=True)))

    async def recount(self, after: Mapping[str, int]) -> None:
        """Counts the documents of all queues beyond these offsets anew."""
        await together(*(each.recount(after) for each in self._auditors.values()))

    async def offsets(self) -> dict[str, int]:
        """`tp` -> how far documents are stored now, of all queues."""
        found = await together(*(each.offsets() for each in self._auditors.values()))
        return {tp: offset for one in found for tp, offset in one.items()}

    async def changed(self) -> bool:
        """Whether the stores were told anything since the last audit."""
        return any(await together(*(each.changed() for each in self._auditors.values())))

    def seconds_left(self, unaudited: int) -> float | None:
        """As long as the slowest of them needs for so many offsets."""
        known = [each.seconds_left(unaudited) for each in self._auditors.values()]
        return max((seconds for seconds in known if seconds is not None), default=None)

    async def close(self) -> None:
        """Ends what is still counted."""
        for each in self._auditors.values():
            await each.close()


def keeper_of(
    scenario: str,
    queues: Sequence[str],
    where: Where,
    documents: Documents,
    exact: bool = False,
) -> tuple[Keeper, list[Account]]:
    """What keeps the books of a scenario with these queues, the first one first, and the accounts
    that it asks, which are closed after it. Raises ScenarioError."""
    accounts = {name: queue_kind(name).account(scenario, where) for name in queues}
    auditors = {
        name: Auditor(
            scenario,
            where.redis,
            account,
            documents,
            exact,
            side="" if name == queues[0] else name,
        )
        for name, account in accounts.items()
    }
    keeper: Keeper = Auditors(auditors) if len(auditors) > 1 else auditors[queues[0]]
    return keeper, list(accounts.values())


@asynccontextmanager
async def auditing(
    scenario: str,
    queues: Sequence[str],
    endpoints: Endpoints,
    patience: float,
    exact: bool = False,
) -> AsyncIterator[Keeper]:
    """What keeps the books, with connections of its own, which end with the block.

    `queues`: names of their kinds, the scenario's first one first; `patience`: seconds that the
    document store may take.
    """
    redis = redis_client(endpoints.address("redis"), timeout=3.0)
    documents = Documents(endpoints.address("mongo"), timeout=patience)
    where = Where(redis, endpoints.address, endpoints.brokers)
    keeper, accounts = keeper_of(scenario, queues, where, documents, exact)
    try:
        yield keeper
    finally:
        await keeper.close()
        await documents.close()
        for account in accounts:
            await account.close()
        await redis.aclose()


class Endpoints(Protocol):
    """Where the engines are, as a target says it."""

    @property
    def brokers(self) -> Mapping[str, str]:
        """As `Where.broker_addresses`."""

    def address(self, name: str) -> str:
        """The address of an engine."""
