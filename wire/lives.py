"""The lives of a partition: a log that lost its end goes on under a name of its own.

A broker that was cut off from its power may come back with a log that ends before the committed
offset, and give the offsets behind its new end to new records. Those belong to the next life, which
begins at the end that was found (`base`): no record is taken for one that was counted before.

A life is kept beside the documents first, where the first who opens it wins, and then in Redis
together with its committed offset; from then on nothing is counted in the life before it, whose
documents behind its committed offset go. Whoever dies in between, and whatever Redis forgets, the
next one finds the same life with the same base and does the rest.
"""

from __future__ import annotations

import itertools
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from redis.asyncio import Redis

from wire import keys
from wire.ranges import Range

if TYPE_CHECKING:
    from wire.documents import Document, Documents

SETTLED = "settled"
_FAR = 1 << 62
"""Behind every offset."""
_LOOKED_AT = 4096
"""Bytes of a value that tell a record; the bridge may have cut what lies behind them."""


class Part(NamedTuple):
    """One partition of a topic that Kafka has."""

    topic: str
    topic_id: str
    partition: int


class Mark(NamedTuple):
    """What tells the record at a committed offset from another one that has its offset."""

    epoch: int
    """Leader epoch in which it was read; -1 where that is not known."""
    fingerprint: str
    """Of its time and value; empty where there is no record at the committed offset."""

    @property
    def text(self) -> str:
        """As Redis has it."""
        return f"{self.epoch} {self.fingerprint}"

    @classmethod
    def of(cls, text: str | None) -> Mark:
        """What Redis has; of a committed offset from before there were marks it has none."""
        epoch, _, fingerprint = (text or "-1 ").partition(" ")
        return cls(int(epoch), fingerprint)


def fingerprint(timestamp: int, value: bytes | None) -> str:
    """Of a record: equal for the same one, and hardly ever for two."""
    return f"{timestamp}-{zlib.crc32((value or b'')[:_LOOKED_AT])}"


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a partition."""

    topic: str
    topic_id: str
    partition: int
    number: int = 0
    base: int = 0
    """Its first offset: where the log ended when it was opened."""
    committed: int = -1
    """Where the life before it had been counted to."""
    at: int = 0
    """When it was opened, ms since the epoch."""
    closed: bool = False
    """The life before it has no document behind its committed offset, which is final."""
    side: str = ""
    """Its queue, as `Scenario.side` has it."""

    @property
    def id(self) -> str:
        """Its name, wherever the id of the topic stands."""
        return keys.life_id(self.topic_id, self.number)

    @property
    def tp(self) -> str:
        """The partition in this life."""
        return keys.partition_id(self.id, self.partition)

    @property
    def part(self) -> Part:
        """The partition that it is a life of."""
        return Part(self.topic, self.topic_id, self.partition)

    def field(self, group: str) -> str:
        """Its field of the committed offset."""
        return keys.committed_field(group, self.topic, self.id, self.partition)


class Stand(NamedTuple):
    """How far the present life of a partition is counted."""

    life: Life
    committed: int
    mark: Mark


class Lives:
    """The lives of one scenario's partitions. Those that are opened, and what is written off,
    belong to the queue `side`."""

    def __init__(self, scenario: str, redis: Redis, documents: Documents, side: str = "") -> None:
        self._side = side
        self._settlement = keys.of_side(SETTLED, side)
        self._queues = keys.queues_key(scenario)
        self._scenario = scenario
        self._collection = keys.lives_collection(scenario)
        self._group = keys.consumer_group(scenario)
        self._lives = keys.lives_key(scenario)
        self._committed_offsets = keys.committed_key(scenario)
        self._marks = keys.marks_key(scenario)
        self._books = keys.books_key(scenario)
        self._redis = redis
        self._documents = documents

    async def kept(self) -> list[Life]:
        """Every life above 0, oldest first, as it is kept beside the documents.

        Raises DocumentsError.
        """
        found = await self._documents.all_of(self._collection)
        lives = [_life(each) for each in found if "topic" in each]
        return sorted(lives, key=lambda life: life.number)

    async def keep(self, counted: Stand, base: int) -> Life:
        """The life that follows another: a new one from `base` on, or the one that somebody else
        has opened. Raises DocumentsError."""
        life = Life(
            *counted.life.part,
            counted.life.number + 1,
            base,
            counted.committed,
            _now(),
            side=self._side,
        )
        found = await self._documents.keep_once(self._collection, _document(life))
        return _life(found)

    async def close(self, life: Life, lives: Sequence[Life]) -> None:
        """Makes the committed offset of the life before final, once Redis has `life`.

        What was stored behind it and never counted is not in Kafka any more, so nobody would ever
        count it. Raises RedisError or DocumentsError.
        """
        old = before(life, lives)
        found = await self._redis.hget(self._committed_offsets, old.field(self._group))
        committed = life.committed if found is None else int(found)
        behind = Range(old.tp, committed, _FAR)
        for name_of in (keys.logs_collection, keys.rejected_collection):
            await self._documents.clear(name_of(self._scenario), behind)
        await self._documents.change(
            self._collection, life.tp, {"fence": committed, "closed": True}
        )

    async def put(self, lives: Iterable[Life]) -> None:
        """Brings kept lives into Redis, each with a committed offset before its base, where they
        are missing.

        Raises RedisError.
        """
        async with self._redis.pipeline(transaction=True) as pipe:
            for life in lives:
                field = life.field(self._group)
                pipe.hsetnx(self._lives, field, f"{life.base} {life.committed} {life.at}")
                pipe.hsetnx(self._committed_offsets, field, str(life.base - 1))
                if life.side:
                    pipe.hsetnx(self._queues, field, life.side)
            new = any(await pipe.execute())
        if new:
            await self._tell()

    async def stands(self, lives: Sequence[Life]) -> list[Stand]:
        """How far these lives are counted, committed offset and mark of the same moment. Raises
        RedisError."""
        fields = [life.field(self._group) for life in lives]
        if not fields:
            return []
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(self._committed_offsets, fields)
            pipe.hmget(self._marks, fields)
            committed_offsets, marks = await pipe.execute()
        return [
            Stand(life, life.base - 1 if committed is None else int(committed), Mark.of(mark))
            for life, committed, mark in zip(lives, committed_offsets, marks, strict=True)
        ]

    async def restore(self) -> list[Life]:
        """The kept lives, once Redis has them all and each of those before is closed.

        Raises DocumentsError or RedisError.
        """
        lives = await self.kept()
        await self.put(lives)
        settled = await self._settled()
        if settled:
            await self._redis.hsetnx(self._lives, self._settlement, str(settled))
        open_yet = [life for life in lives if not life.closed]
        for life in open_yet:
            await self.close(life, lives)
        return await self.kept() if open_yet else lives

    async def settle(self, events: int) -> None:
        """Writes off `events` acknowledged events in all, those of earlier times included.

        Raises DocumentsError or RedisError; safe to repeat.
        """
        await self._documents.raise_to(self._collection, self._settlement, "events", events)
        await self._redis.hset(self._lives, self._settlement, str(await self._settled()))
        await self._tell()

    async def _tell(self) -> None:
        """Whoever shows the books looks at them anew."""
        await self._redis.hincrby(self._books, "version", 1)

    async def _settled(self) -> int:
        found = await self._documents.all_of(self._collection)
        return next((int(each["events"]) for each in found if each["_id"] == self._settlement), 0)


def present(part: Part, lives: Iterable[Life]) -> Life:
    """The present life of a partition; `lives` in the order of their numbers."""
    found = Life(*part)
    for life in lives:
        if life.part == part:
            found = life
    return found


def before(life: Life, lives: Iterable[Life]) -> Life:
    """The life before one that is not the first."""
    known = (each for each in lives if each.part == life.part and each.number == life.number - 1)
    return next(known, Life(*life.part))


def lives_before(tp: str, lives: Sequence[Life]) -> list[Range]:
    """What was counted of the lives before the one that is `tp`, oldest first.

    `lives` in the order of their numbers.
    """
    own = next((life for life in lives if life.tp == tp), None)
    if own is None:
        return []
    later = [life for life in lives if life.part == own.part and life.number <= own.number]
    all_ = [Life(*own.part), *later]
    return [Range(old.tp, old.base - 1, new.committed) for old, new in itertools.pairwise(all_)]


def _document(life: Life) -> Document:
    """As it is kept; the committed offset is called `fence` there."""
    kept = asdict(life)
    return {"_id": life.tp, "fence": kept.pop("committed"), **kept}


def _life(document: Document) -> Life:
    """Numbers come back from a document store as whatever it has for them."""
    numbers = {name: int(document[name]) for name in ("partition", "number", "base", "at")}
    return Life(
        topic=document["topic"],
        topic_id=document["topic_id"],
        committed=int(document["fence"]),
        closed=bool(document["closed"]),
        side=str(document.get("side", "")),
        **numbers,
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
