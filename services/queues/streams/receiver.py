"""Receives from the partitions that are its own, and hands what follows the committed offset to
the sink."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from services.queues.batch import Abandoned, Batch, Sink, reached
from services.queues.redis import raw_client
from services.queues.streams.entries import Raw, Taken, taken
from services.queues.streams.generations import Topic
from services.queues.streams.share import BEAT, Part, Share
from services.shared import logline
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import keys
from wire.ending import end

BATCH = 4_000
"""Records that are stored together, about; of one partition."""
_BLOCK_MS = 200
_LEAST, _MOST = 8, 128
"""Bounds of the entries that are asked for of each partition at a time."""
_CLAIMED = 256


@dataclass(slots=True)
class Owned:
    """A partition that is received from."""

    committed: int
    quiet: int = 0
    """Beats since something came, while there is more than is counted."""


class StreamsReceiver:
    """See services.queues.port.Receiver."""

    def __init__(self, scenario: str, redis: Redis, share: Share, dependency: Dependency) -> None:
        self._scenario = scenario
        self._group = keys.consumer_group(scenario)
        self._redis = redis
        self._share = share
        self._dependency = dependency
        self._owned: dict[Part, Owned] = {}
        self._again: set[Part] = set()
        """Those whose entries are to be claimed once more."""
        self._count = _LEAST

    async def ensure(self, abandoned: Abandoned) -> None:
        """See Receiver."""
        for topic in (keys.events_topic(self._scenario), keys.rejected_topic(self._scenario)):
            known = Topic(self._scenario, topic, self._redis)
            await self._dependency.ask(known.ensure, abandoned)

    async def consume(self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness) -> None:
        """See Receiver. What it holds is given back at the end."""
        abandoned = lifecycle.stopping.is_set
        beating = run_beside(self._beats, "leases")
        try:
            while not lifecycle.stopping.is_set():
                liveness.beat()
                await self._settle(sink, abandoned)
                if not self._owned:
                    await self._next_beat()
                    continue
                await self._handle(
                    sink, await self._dependency.ask(self._read, abandoned), abandoned
                )
        finally:
            await end([beating])
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._share.give_back(self._owned, leaving=True)

    async def _beats(self) -> None:
        while True:
            # one that failed is made up for by the next; the loop tells of an outage
            with contextlib.suppress(RedisError, OSError):
                await self._share.beat()
            await asyncio.sleep(BEAT)

    async def _next_beat(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._share.told.wait(), BEAT)

    async def _settle(self, sink: Sink[Any], abandoned: Abandoned) -> None:
        """Takes up what is its own since the last beat, and lets go of what is not."""
        if self._share.told.is_set():
            self._share.told.clear()
            held = self._share.held
            gone = [part for part in self._owned if part not in held]
            for part in gone:
                del self._owned[part]
            await self._dependency.ask(lambda: self._share.give_back(gone), abandoned)
            self._again = {*(held - self._owned.keys()), *(self._again & held)}
            self._again |= await self._set_back(sink, abandoned)
            self._again |= {
                part for part, owned in self._owned.items() if self._missed(part, owned)
            }
            await self._clear(sink, abandoned)
        while self._again:
            part = self._again.pop()
            if await self._ready(sink, part, abandoned):
                await self._claim(sink, part, abandoned)
            else:
                self._owned.pop(part, None)

    async def _set_back(self, sink: Sink[Any], abandoned: Abandoned) -> set[Part]:
        """Those of its own of which Redis, started again without its end, has forgotten something
        that is known here."""
        owned = list(self._owned)
        fields = [part.field(self._scenario) for part in owned]
        found = await sink.committed_offsets(fields, abandoned) if fields else []
        behind = {p for p, at in zip(owned, found, strict=True) if at < self._owned[p].committed}
        return behind | (self._share.before.keys() & self._owned.keys())

    async def _ready(self, sink: Sink[Any], part: Part, abandoned: Abandoned) -> bool:
        """Whether it may be received from: all of the generation before is counted, so that an id
        that a client gave there is known here."""
        if await self._dependency.ask(lambda: self._share.is_ready(part), abandoned):
            return True
        unready, ends = self._share.before, self._share.ends
        if part not in unready:
            # gone, or forgotten since the last beat
            return False
        before = unready[part]
        if before is not None and before in ends:
            (committed,) = await sink.committed_offsets([before.field(self._scenario)], abandoned)
            if before in unready or committed + 1 < ends[before]:
                return False
        await self._dependency.ask(lambda: self._share.make_ready(part, before), abandoned)
        return True

    def _missed(self, part: Part, owned: Owned) -> bool:
        """Whether there is more than was read, for so long that somebody else may have read it."""
        behind = self._share.ends.get(part, 0) > owned.committed + 1
        owned.quiet = owned.quiet + 1 if behind else 0
        if owned.quiet > 2:
            owned.quiet = 0
            return True
        return False

    async def _claim(self, sink: Sink[Any], part: Part, abandoned: Abandoned) -> None:
        """Takes over what others have read of a partition and not counted, and counts it."""
        raw = await self._dependency.ask(lambda: self._claimed(part), abandoned)
        if raw is None:
            return
        # read after it: what was counted meanwhile is behind it
        field = part.field(self._scenario)
        (committed,) = await sink.committed_offsets([field], abandoned)
        self._owned[part] = Owned(committed)
        ending = self._share.ends.get(part, 0)
        if not raw and ending > committed + 1:
            gone = await self._dependency.ask(lambda: self._share.emptied(part), abandoned)
            if gone > committed + 1:
                # somebody has removed what nobody has counted: it is lost, what follows is not
                await self._store(sink, {part: Taken(gone - 1)}, abandoned)
        for start in range(0, len(raw), self._count):
            # what is not here and lies before these is nowhere
            piece = raw[start : start + self._count]
            found = taken(piece, self._owned[part].committed, ending, True)
            await self._store(sink, {part: found}, abandoned)
            if part in self._again:
                return

    async def _claimed(self, part: Part) -> list[Raw] | None:
        """None where the stream is gone; the next beat knows of it."""
        found: list[Raw] = []
        cursor: Any = b"0-0"
        stream = part.stream(self._scenario)
        while True:
            try:
                answer = await self._redis.xautoclaim(
                    stream, self._group, self._share.member, 0, cursor, _CLAIMED
                )
            except ResponseError as error:
                self._owned.pop(part, None)
                if not _is_gone(error):
                    raise
                return None
            cursor, entries = answer[0], answer[1]
            found += entries
            if cursor == b"0-0":
                return sorted(found, key=_place)

    async def _read(self) -> list[tuple[Part, list[Raw]]]:
        """What is new in the partitions, waiting a moment for it."""
        parts = {part.stream(self._scenario).encode(): part for part in self._owned}
        try:
            answer: Any = await self._redis.xreadgroup(
                self._group,
                self._share.member,
                dict.fromkeys(parts, ">"),
                count=self._count,
                block=_BLOCK_MS,
            )
        except ResponseError as error:
            if not _is_gone(error):
                raise
            # Redis was emptied: what is there is looked for anew
            self._owned.clear()
            return []
        return [(parts[stream], entries) for stream, entries in answer]

    async def _handle(
        self, sink: Sink[Any], read: Sequence[tuple[Part, list[Raw]]], abandoned: Abandoned
    ) -> None:
        found: dict[Part, Taken] = {}
        for part, raw in read:
            owned = self._owned[part]
            owned.quiet = 0
            found[part] = taken(raw, owned.committed, 0)
            if found[part].hole:
                self._again.add(part)
        await self._store(sink, found, abandoned)
        self._adapt(read, found)

    def _adapt(self, read: Sequence[tuple[Part, list[Raw]]], found: Mapping[Part, Taken]) -> None:
        """As many entries at a time as make a batch, by what they held last."""
        entries = sum(len(raw) for _, raw in read)
        records = sum(len(each.records) for each in found.values())
        if entries and records:
            self._count = min(_MOST, max(_LEAST, BATCH * entries // records))

    async def _store(
        self, sink: Sink[Any], found: Mapping[Part, Taken], abandoned: Abandoned
    ) -> None:
        """Stores and counts what was found, and lets the streams forget it."""
        batches = [
            (part, each, self._batch(part, each))
            for part, each in found.items()
            if each.last > self._owned[part].committed
        ]
        prepared = [await sink.prepare(batch, abandoned) for _, _, batch in batches]
        if prepared:
            await sink.store(prepared, abandoned)
            verdicts = await sink.count(prepared, abandoned)
            for (part, each, batch), verdict in zip(batches, verdicts, strict=True):
                if reached(verdict, batch):
                    self._owned[part].committed = batch.last
                else:
                    # somebody else counts here, or a rebuild has, or Redis has forgotten
                    each.ids.clear()
                    self._again.add(part)
        done = {part: each for part, each in found.items() if each.ids}
        if done:
            self._again |= await self._dependency.ask(lambda: self._forget(done), abandoned)

    def _batch(self, part: Part, each: Taken) -> Batch:
        expected, end_ = self._owned[part].committed, self._share.ends.get(part, 0)
        return Batch(
            part.topic, part.generation, part.number, expected, each.last, each.records, end=end_
        )

    async def _forget(self, done: Mapping[Part, Taken]) -> set[Part]:
        """Lets the streams forget what is counted; the partitions of which Redis has forgotten that
        it is."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for part, each in done.items():
                self._share.forget(pipe, part, self._owned[part].committed, each.bytes, each.ids)
                if each.foreign:
                    where = part.stream(self._scenario)
                    logline.warning("entries of somebody else are left out", stream=where)
            answers = await pipe.execute()
        return {part for part, answer in zip(done, answers, strict=True) if not answer}

    async def _clear(self, sink: Sink[Any], abandoned: Abandoned) -> None:
        """Generations that are not published to go once they are counted."""
        for (topic, generation), parts in self._share.old.items():
            if parts[0] not in self._owned:
                continue
            fields = [part.field(self._scenario) for part in parts]
            ends = [self._share.ends[part] for part in parts]
            committed = await sink.committed_offsets(fields, abandoned)
            if not self._share.before.keys().isdisjoint(parts):
                continue
            if all(at + 1 >= upto for at, upto in zip(committed, ends, strict=True)):
                remove = partial(self._share.remove, topic, generation)
                await self._dependency.ask(remove, abandoned)
                for part in parts:
                    self._owned.pop(part, None)
                    self._again.discard(part)


def _is_gone(error: ResponseError) -> bool:
    """Whether there is no such stream, or no group of it."""
    return str(error).startswith("NOGROUP")


def _place(raw: Raw) -> tuple[int, int]:
    offset, _, part = raw[0].partition(b"-")
    return int(offset), int(part)


@contextlib.asynccontextmanager
async def receiving(
    settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
) -> AsyncIterator[StreamsReceiver]:
    """A member that lets go of its partitions at the end."""
    gate, busy = lifecycle.gate("streams"), waits_for("redis")
    dependency = Dependency(gate, liveness, (RedisError, OSError), busy)
    redis = raw_client(settings)
    member = f"{settings.pod_name}-{uuid.uuid4().hex[:8]}"
    try:
        yield StreamsReceiver(scenario, redis, Share(scenario, redis, member), dependency)
    finally:
        await redis.aclose()
