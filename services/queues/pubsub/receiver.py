"""One subscriber. Each gets everything and keeps it until it is counted.

One of them counts what a producer publishes; the others drop it when they see that, or count it
themselves when nobody has for a while. What is missing counts as lost once everybody who lives has
read past it and nobody has it in his hands. That they have is certain: the answer to a PING comes
behind all that was published before it, on the same connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from services.queues.batch import Abandoned, Batch, Record, Sink, reached
from services.queues.pubsub.group import Group, Source
from services.queues.pubsub.held import Held, Hole, Piece
from services.queues.redis import raw_client
from services.shared import logline
from services.shared.beside import run_beside
from services.shared.busy import waits_for
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Lifecycle, Liveness
from services.shared.settings import Settings
from wire import keys
from wire.ending import end
from wire.queues.pubsub.names import channel_of

BATCH = 4_000
"""Records that are stored together, about."""
MOST_BYTES = 64 << 20
"""Bytes that are held; what comes beyond is let go and may be lost."""
BEAT = 0.5
TAKE_OVER = 1.5
"""Seconds in which another one has not gone on with what it should count, until that is counted
here."""
_WAIT = 0.2


class PubsubReceiver:
    """See services.queues.port.Receiver."""

    def __init__(
        self, scenario: str, channel: PubSub, group: Group, dependency: Dependency
    ) -> None:
        self._channel = channel
        self._group = group
        self._dependency = dependency
        topics = (keys.events_topic(scenario), keys.rejected_topic(scenario))
        self._topics = {channel_of(scenario, topic).encode(): topic for topic in topics}
        self._consumers = keys.consumer_group(scenario)
        self._held: dict[Source, Held] = {}
        self._committed: dict[Source, int] = {}
        self._moved: dict[Source, float] = {}
        """When the committed offset was last seen to move."""
        self._asked: dict[bytes, dict[Source, int]] = {}
        """PING without an answer yet -> records that were published before it."""
        self._seen: dict[Source, int] = {}
        """Records that were published before the last of what was read."""
        self._beaten = False
        """Whether the others were heard of since the last look."""
        self._came = asyncio.Event()
        self._full = False

    async def ensure(self, abandoned: Abandoned) -> None:
        """Returns when it is subscribed, so that nothing is published past it from then on."""
        await self._dependency.ask(self._subscribe, abandoned)

    async def _subscribe(self) -> None:
        await self._channel.subscribe(*self._topics)
        confirmed = 0
        while confirmed < len(self._topics):
            message = await self._channel.get_message(timeout=_WAIT)
            if message is not None and message["type"] == "subscribe":
                confirmed += 1
            self._take(message)

    async def consume(self, sink: Sink[Any], lifecycle: Lifecycle, liveness: Liveness) -> None:
        """See Receiver. What is on its way at the end is taken too."""
        abandoned = lifecycle.stopping.is_set
        reading = run_beside(lambda: self._reading(abandoned), "subscription")
        beating = run_beside(self._beats, "word to the other subscribers")
        try:
            while not lifecycle.stopping.is_set():
                liveness.beat()
                await self._work(sink, abandoned)
                await self._judge(sink, abandoned)
                await self._wait()
            await reading
            await self._finish(sink, abandoned)
        finally:
            await end([reading, beating])
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._group.leave()

    async def _wait(self) -> None:
        self._came.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), BEAT)

    async def _beats(self) -> None:
        number = 0
        while True:
            number += 1
            # one that failed is made up for by the next; the reading tells of an outage
            with contextlib.suppress(RedisError, OSError):
                await self._beat(b"%d" % number)
            await asyncio.sleep(BEAT)

    async def _beat(self, name: bytes) -> None:
        """Tells the others what is held and was seen, and asks how far everything was read."""
        held = {source: there for source, each in self._held.items() if (there := each.range)}
        seen = {source: upto for source, upto in self._seen.items() if upto > self._known(source)}
        await self._group.beat(held, seen)
        self._asked[name] = dict(self._group.sent)
        await self._channel.ping(name)
        self._beaten = True
        self._came.set()

    def _answered(self, name: bytes) -> None:
        """A PING has come back: what was published before it was read, or never comes."""
        while name in self._asked:
            first = next(iter(self._asked))
            self._seen = self._asked.pop(first)

    async def _reading(self, abandoned: Abandoned) -> None:
        while not abandoned():
            self._take(await self._dependency.ask(self._next, abandoned))
        with contextlib.suppress(RedisError, OSError):
            await self._channel.unsubscribe()
            while self._channel.subscribed:
                self._take(await self._next())

    async def _next(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._channel.get_message(True, timeout=_WAIT)
        return found

    def _take(self, message: dict[str, Any] | None) -> None:
        """Keeps a message. One that has no place is somebody else's and is left out."""
        if message is not None and message["type"] == "pong":
            self._answered(message["data"])
        if message is None or message["type"] != "message":
            return
        parts = message["data"].split(b" ", 3)
        if len(parts) < 4 or not (parts[1].isdigit() and parts[2].isdigit() and int(parts[2])):
            logline.warning("a message of somebody else is left out")
            return
        self._full = sum(held.bytes for held in self._held.values()) > MOST_BYTES
        if self._full:
            return
        source = Source(self._topics[message["channel"]], parts[0].decode(errors="replace"))
        held = self._held.setdefault(source, Held())
        held.add(Piece(int(parts[1]), int(parts[2]), parts[3], time.monotonic()))
        self._came.set()

    async def _judge(self, sink: Sink[Any], abandoned: Abandoned) -> None:
        """Sees what the others have counted, and what is lost; once for each word of theirs."""
        if not self._beaten:
            return
        self._beaten = False
        behind = {s for s, sent in self._group.sent.items() if sent - 1 > self._known(s)}
        # after their word: what they have counted and hold no more is behind it
        await self._look(sink, behind | self._held.keys(), abandoned)
        for source in behind:
            committed, held = self._known(source), self._held.get(source)
            range_ = held.range if held else None
            seen = self._seen.get(source, 0)
            hole = Hole(committed + 1, range_.first if range_ else seen)
            gone = hole.first < hole.end <= seen and self._group.nobody_has(source, hole)
            if gone and self._group.is_mine(source):
                await self._lose(sink, source, hole, abandoned)

    async def _look(self, sink: Sink[Any], sources: Iterable[Source], abandoned: Abandoned) -> None:
        wanted = list(sources)
        fields = [self._field(source) for source in wanted]
        if not fields:
            return
        found = await sink.committed_offsets(fields, abandoned)
        for source, committed in zip(wanted, found, strict=True):
            self._counted(source, committed)

    async def _work(self, sink: Sink[Any], abandoned: Abandoned) -> None:
        """Counts what is to be counted here, of one producer after the other."""
        for source, held in list(self._held.items()):
            since = max(held.since, self._moved.get(source, 0.0))
            late = time.monotonic() - since > TAKE_OVER
            if not (late or self._group.is_mine(source)):
                continue
            if source not in self._committed:
                await self._look(sink, [source], abandoned)
            committed = self._known(source)
            while not held.hole(committed) and (records := held.take(committed, BATCH)):
                await self._count(sink, source, records, records[-1].offset, 0, abandoned)
                # refused: it is counted already, or Redis has forgotten
                if self._known(source) <= committed:
                    break
                committed = self._known(source)

    async def _lose(
        self, sink: Sink[Any], source: Source, hole: Hole, abandoned: Abandoned
    ) -> None:
        gaps = hole.end - hole.first
        await self._count(sink, source, [], hole.end - 1, gaps, abandoned)
        logline.warning("published and not delivered", producer=source.producer, records=gaps)

    async def _count(
        self,
        sink: Sink[Any],
        source: Source,
        records: list[Record],
        last: int,
        gaps: int,
        abandoned: Abandoned,
    ) -> None:
        expected = self._known(source)
        where = (source.topic, source.producer, 0)
        batch = Batch(*where, expected, last, records, gaps, lost=gaps > 0)
        prepared = await sink.prepare(batch, abandoned)
        await sink.store([prepared], abandoned)
        (verdict,) = await sink.count([prepared], abandoned)
        self._counted(source, last if reached(verdict, batch) else verdict.committed)

    def _counted(self, source: Source, committed: int) -> None:
        if committed != self._committed.get(source):
            self._moved[source] = time.monotonic()
        self._committed[source] = committed
        if (held := self._held.get(source)) is not None:
            held.forget(committed)
            if held.range is None:
                del self._held[source]

    def _known(self, source: Source) -> int:
        return self._committed.get(source, -1)

    def _field(self, source: Source) -> str:
        return keys.committed_field(self._consumers, source.topic, source.producer, 0)

    async def _finish(self, sink: Sink[Any], abandoned: Abandoned) -> None:
        """Counts what is held. The others have it too, where there are any, and what is missing
        here; where there is none, nobody has."""
        for source in list(self._held):
            await self._look(sink, [source], abandoned)
            while (held := self._held.get(source)) is not None:
                committed = self._known(source)
                hole = held.hole(committed)
                if hole is not None:
                    if not self._group.alone:
                        break
                    await self._lose(sink, source, hole, abandoned)
                elif records := held.take(committed, BATCH):
                    await self._count(sink, source, records, records[-1].offset, 0, abandoned)
                if self._known(source) <= committed:
                    break


@contextlib.asynccontextmanager
async def receiving(
    settings: Settings, scenario: str, lifecycle: Lifecycle, liveness: Liveness
) -> AsyncIterator[PubsubReceiver]:
    """A subscriber, until the end of the block."""
    gate, busy = lifecycle.gate("pubsub"), waits_for("redis")
    dependency = Dependency(gate, liveness, (RedisError, OSError), busy)
    redis = raw_client(settings)
    group = Group(scenario, redis, f"{settings.pod_name}-{uuid.uuid4().hex[:8]}")
    try:
        async with redis.pubsub() as channel:
            yield PubsubReceiver(scenario, channel, group, dependency)
    finally:
        await redis.aclose()
